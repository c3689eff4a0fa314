-- History of the conversations, searched by words.
--
-- created_at is never null, so NULLS LAST changes no answer. It is the order of
-- idx_history_user_created and not of idx_history_created, along which the planner would look for the
-- messages of who owns many, past all newer ones of others.

-- row: HistoryMessage(id bigint, user_id text, session_id text, role text, content text,
--     model text?, workspace_path text?, extra_data json?, created_at timestamptz)

-- row: HistoryHit(id bigint, user_id text, session_id text, role text, content text,
--     model text?, workspace_path text?, extra_data json?, created_at timestamptz,
--     score float, snippet text)

-- name: save_message(
--     user_id text, session_id text, role text, content text, model text? = null,
--     workspace_path text? = null, extra_data json? = null) :one HistoryMessage
-- A new message; role is user, assistant or system.
INSERT INTO duiliocode.conversation_history (
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
FROM duiliocode.conversation_history
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
FROM duiliocode.conversation_history
WHERE user_id = :user_id
ORDER BY created_at DESC NULLS LAST, id DESC
LIMIT :limit;

-- name: search_history(user_id text, query text, limit int = 20) :many HistoryHit
-- The user's messages that hold all the words in any of their forms, best first. A "quoted phrase"
-- stands as it is, -word excludes, or joins two alternatives. English stop words do not count. Any text
-- is a query (its first 1000 characters), and one without a word to look for finds nothing. A higher
-- score is better; scores compare within one answer only. The snippet is content, not escaped, with the
-- words found in <b>…</b>.
-- Searched are the first 250 000 characters; the snippet is from the first 20 000.
-- growth: a word is in more texts the more there are, and each of them is scored
WITH hits AS (
    SELECT
        conversation_history.id,
        words,
        ts_rank_cd(conversation_history.search_vector, words, 1) AS score
    FROM duiliocode.conversation_history
    CROSS JOIN
        websearch_to_tsquery(
            'pg_catalog.english',
            -- A dash before no word excludes nothing, and 33 of them would be an error.
            regexp_replace(left(:query, 1000), '-(?![^\s[:punct:]]|")', ' ', 'g')
        ) AS words
    WHERE
        conversation_history.user_id = :user_id
        AND conversation_history.search_vector @@ words
        -- T: exclusions alone, which no index could serve.
        AND querytree(words) <> 'T'
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
    ts_headline(
        'pg_catalog.english', left(conversation_history.content, 20000), hits.words
    ) AS snippet
FROM hits
INNER JOIN duiliocode.conversation_history ON hits.id = conversation_history.id
ORDER BY
    hits.score DESC, conversation_history.created_at DESC, conversation_history.id DESC;

-- name: delete_session_history(user_id text, session_id text) :affected
-- growth: a session may have many messages, which are deleted one by one
DELETE FROM duiliocode.conversation_history
WHERE user_id = :user_id AND session_id = :session_id;

-- name: delete_history_before(cutoff timestamptz, limit int = 10000) :affected
-- prune: messages, by created_at
-- Deletes the oldest messages from before the cutoff, at most limit of them: one batch of the clean-up;
-- call it until it gives 0.
-- Callers at the same moment take different batches. An array, for a join would be planned without
-- knowing the limit, and read the whole table.
WITH oldest AS (
    SELECT id
    FROM duiliocode.conversation_history
    WHERE created_at < :cutoff
    ORDER BY created_at, id
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
)

DELETE FROM duiliocode.conversation_history
WHERE id = any(array(SELECT oldest.id FROM oldest));

-- name: count_history_before(cutoff timestamptz) :scalar bigint
-- What delete_history_before deletes of this cutoff, all batches together.
-- plan: a count reads what it counts
-- growth: a count reads what it counts
SELECT count(*) AS messages
FROM duiliocode.conversation_history
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
FROM duiliocode.conversation_history
WHERE user_id = :user_id
ORDER BY created_at NULLS FIRST, id;

-- name: delete_user_history(user_id text, limit int = 10000) :affected
-- erase: the user's messages
-- Deletes the user's oldest messages, at most limit of them: one batch; call it until it gives 0.
-- plan: to sort a user's messages may cost less than to fetch them one by one in their order
WITH oldest AS (
    SELECT id
    FROM duiliocode.conversation_history
    WHERE user_id = :user_id
    ORDER BY created_at NULLS FIRST, id
    LIMIT :limit
)

DELETE FROM duiliocode.conversation_history
WHERE id = any(array(SELECT oldest.id FROM oldest));
