-- History of the conversations, searched by words.

-- row: HistoryMessage(id bigint, user_id text, session_id text, role text, content text,
--     model text?, workspace_path text?, extra_data json?, created_at timestamptz)

-- row: HistoryHit(id bigint, user_id text, session_id text, role text, content text,
--     model text?, workspace_path text?, extra_data json?, created_at timestamptz,
--     score float, snippet text)

-- name: save_message(
--     user_id text, session_id text, role text, content text, model text? = null,
--     workspace_path text? = null, extra_data json? = null) :one HistoryMessage
-- A new message; role is user, assistant or system.
INSERT INTO conversation_history (
    user_id,
    session_id,
    role,
    content,
    model,
    workspace_path,
    extra_data
)
VALUES (
    :user_id,
    :session_id,
    :role,
    :content,
    :model,
    :workspace_path,
    :extra_data
)
RETURNING
    id,
    user_id,
    session_id,
    role,
    content,
    model,
    workspace_path,
    extra_data,
    created_at;

-- name: get_conversation_history(
--     user_id text, session_id text, limit int = 100, offset int = 0) :many HistoryMessage
-- Oldest first.
SELECT
    id,
    user_id,
    session_id,
    role,
    content,
    model,
    workspace_path,
    extra_data,
    created_at
FROM conversation_history
WHERE user_id = :user_id AND session_id = :session_id
ORDER BY created_at, id
LIMIT :limit OFFSET :offset;

-- name: recent_messages(user_id text, limit int = 10) :many HistoryMessage
-- Of all the user's sessions, newest first.
SELECT
    id,
    user_id,
    session_id,
    role,
    content,
    model,
    workspace_path,
    extra_data,
    created_at
FROM conversation_history
WHERE user_id = :user_id
ORDER BY created_at DESC, id DESC
LIMIT :limit;

-- name: search_history(user_id text, query text, limit int = 20) :many HistoryHit
-- The user's messages that hold all the words in any of their forms, best first. A "quoted phrase"
-- stands as it is, -word excludes, or joins two alternatives. English stop words do not count. Any text
-- is a query (its first 1000 characters), and one without a word to look for finds nothing. A higher
-- score is better; scores compare within one answer only. The snippet is content, not escaped, with the
-- words found in <b>…</b>.
-- Differs from postgres: FTS5 knows neither the web's syntax nor stop words, so its expression is
-- made here, every word in double quotes; a phrase keeps its stop words; the whole text is searched
-- and in the snippet; the score is bm25's.
-- plan: the best can be told only when all that hold the words are found and scored
-- growth: a word is in more texts the more there are, and each of them is scored
WITH RECURSIVE cleaned AS (
    -- Tab, line ends, ', \, no-break space and ’ part words as spaces do: "what's" is "what" and "s".
    SELECT
        substr(:query, 1, 1000) AS words,
        char(9, 10, 13, 39, 92, 160, 8217) AS separators
    UNION ALL
    SELECT
        replace(words, substr(separators, 1, 1), ' ') AS words,
        substr(separators, 2) AS separators
    FROM cleaned
    WHERE separators <> ''
),

segments AS (
    -- What lies between double quotes: even numbers are outside a phrase, odd ones inside.
    SELECT
        segment.key AS segment,
        segment.value AS token
    FROM cleaned
    CROSS JOIN
        json_each(
            '[' || replace(json_quote(cleaned.words), '\"', '","') || ']'
        ) AS segment
    WHERE cleaned.separators = ''
),

tokens AS (
    SELECT
        segments.segment,
        word.key AS position,
        word.value AS token,
        0 AS is_phrase
    FROM segments
    CROSS JOIN
        json_each('[' || replace(json_quote(segments.token), ' ', '","') || ']') AS word
    WHERE segments.segment % 2 = 0
    UNION ALL
    SELECT
        segment,
        0 AS position,
        token,
        1 AS is_phrase
    FROM segments
    WHERE segment % 2 = 1
),

terms AS (
    -- In double quotes nothing is an operator of FTS5, and punctuation is no part of a word.
    SELECT
        '"' || token || '"' AS term,
        lower(trim(token, ' -.,;:!?()[]{}')) AS word,
        iif(is_phrase, lag(token) OVER in_order IS '-', token LIKE '-%') AS is_excluded,
        sum(NOT is_phrase AND lower(token) = 'or') OVER in_order AS alternative
    FROM tokens
    WINDOW in_order AS (ORDER BY segment, position)
),

alternatives AS (
    SELECT
        group_concat(term, ' ') FILTER (WHERE NOT is_excluded) AS wanted,
        group_concat(term, ' OR ') FILTER (WHERE is_excluded) AS excluded
    FROM terms
    WHERE
        word <> ''
        -- PostgreSQL's english.stop.
        AND word NOT IN (
            'i', 'me', 'my', 'myself', 'we', 'our', 'ours', 'ourselves', 'you', 'your',
            'yours', 'yourself', 'yourselves', 'he', 'him', 'his', 'himself', 'she',
            'her', 'hers', 'herself', 'it', 'its', 'itself', 'they', 'them', 'their',
            'theirs', 'themselves', 'what', 'which', 'who', 'whom', 'this', 'that',
            'these', 'those', 'am', 'is', 'are', 'was', 'were', 'be', 'been', 'being',
            'have', 'has', 'had', 'having', 'do', 'does', 'did', 'doing', 'a', 'an',
            'the', 'and', 'but', 'if', 'or', 'because', 'as', 'until', 'while', 'of',
            'at', 'by', 'for', 'with', 'about', 'against', 'between', 'into', 'through',
            'during', 'before', 'after', 'above', 'below', 'to', 'from', 'up', 'down',
            'in', 'out', 'on', 'off', 'over', 'under', 'again', 'further', 'then',
            'once', 'here', 'there', 'when', 'where', 'why', 'how', 'all', 'any',
            'both', 'each', 'few', 'more', 'most', 'other', 'some', 'such', 'no', 'nor',
            'not', 'only', 'own', 'same', 'so', 'than', 'too', 'very', 's', 't', 'can',
            'will', 'just', 'don', 'should', 'now'
        )
    GROUP BY alternative
),

expression AS (
    -- "" matches nothing: there is no word, or an alternative that only excludes.
    SELECT
        'owner : "u' || hex(:user_id) || '" AND content : ('
        || iif(
            count(*) > 0 AND count(*) = count(wanted),
            group_concat(
                '(' || wanted || ')' || coalesce(' NOT (' || excluded || ')', ''),
                ' OR '
            ),
            '""'
        )
        || ')' AS fts
    FROM alternatives
),

hits AS MATERIALIZED (
    SELECT
        conversation_history.id,
        -bm25(conversation_history_search, 0.0, 1.0) AS score
    FROM conversation_history_search
    INNER JOIN
        conversation_history
        ON conversation_history_search.rowid = conversation_history.id
    WHERE
        conversation_history_search MATCH (SELECT expression.fts FROM expression)
        -- The owner's word narrows the search; this decides.
        AND conversation_history.user_id = :user_id
    ORDER BY
        score DESC, conversation_history.created_at DESC, conversation_history.id DESC
    LIMIT :limit
)

SELECT
    conversation_history.id,
    conversation_history.user_id,
    conversation_history.session_id,
    conversation_history.role,
    conversation_history.content,
    conversation_history.model,
    conversation_history.workspace_path,
    conversation_history.extra_data,
    conversation_history.created_at,
    hits.score,
    snippet(conversation_history_search, 1, '<b>', '</b>', '…', 32) AS snippet
FROM hits
CROSS JOIN conversation_history_search ON hits.id = conversation_history_search.rowid
INNER JOIN conversation_history ON hits.id = conversation_history.id
WHERE conversation_history_search MATCH (SELECT expression.fts FROM expression)
ORDER BY
    hits.score DESC, conversation_history.created_at DESC, conversation_history.id DESC;

-- name: delete_session_history(user_id text, session_id text) :affected
-- growth: a session may have many messages, which are deleted one by one
DELETE FROM conversation_history
WHERE user_id = :user_id AND session_id = :session_id;

-- name: delete_history_before(cutoff timestamptz, limit int = 10000) :affected
-- prune: messages, by created_at
-- Deletes the oldest messages from before the cutoff, at most limit of them: one batch of the clean-up;
-- call it until it gives 0.
DELETE FROM conversation_history
WHERE
    id IN (
        SELECT oldest.id
        FROM conversation_history AS oldest
        WHERE oldest.created_at < :cutoff
        ORDER BY oldest.created_at, oldest.id
        LIMIT :limit
    );

-- name: count_history_before(cutoff timestamptz) :scalar bigint
-- What delete_history_before deletes of this cutoff, all batches together.
-- plan: a count reads what it counts
-- growth: a count reads what it counts
SELECT count(*) AS messages
FROM conversation_history
WHERE created_at < :cutoff;

-- name: export_history(user_id text) :stream HistoryMessage
-- export: the user's messages
-- Of all the user's sessions, oldest first.
-- all: everything is asked for
-- plan: of who has much of the table all is read in one go, and sorted
-- growth: a user may have many messages
SELECT
    id,
    user_id,
    session_id,
    role,
    content,
    model,
    workspace_path,
    extra_data,
    created_at
FROM conversation_history
WHERE user_id = :user_id
ORDER BY created_at, id;

-- name: delete_user_history(user_id text, limit int = 10000) :affected
-- erase: the user's messages
-- Deletes the user's oldest messages, at most limit of them: one batch; call it until it gives 0.
DELETE FROM conversation_history
WHERE
    id IN (
        SELECT oldest.id
        FROM conversation_history AS oldest
        WHERE oldest.user_id = :user_id
        ORDER BY oldest.created_at, oldest.id
        LIMIT :limit
    );
