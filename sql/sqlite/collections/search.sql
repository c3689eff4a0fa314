-- Searches over a tenant's items: by words, by meaning, by both.

-- row: ItemHit(id text, user_id text, filename text, original_filename text?, file_path text,
--     file_size bigint?, mime_type text?, created_at timestamptz, updated_at timestamptz,
--     category text?, summary text?, score float, snippet text)

-- row: SimilarItem(id text, user_id text, filename text, original_filename text?, file_path text,
--     file_size bigint?, mime_type text?, created_at timestamptz, updated_at timestamptz,
--     similarity float)

-- row: HybridHit(id text, user_id text, filename text, original_filename text?, file_path text,
--     file_size bigint?, mime_type text?, created_at timestamptz, updated_at timestamptz,
--     score float, text_rank int?, vector_rank int?)

-- name: search_items(
--     query text, user_id text, top_k int = 10, category text? = null) :many ItemHit
-- Items whose latest analysis holds all the words in any of their forms, best first: its category
-- counts more than its summary, this more than the response's texts and tags. A "quoted phrase"
-- stands as it is, -word excludes, or joins two alternatives. English stop words do not count. Any
-- text is a query (its first 1000 characters), and one without a word to look for finds nothing. A
-- higher score is better; scores compare within one answer only. The snippet is of category, summary
-- and response, not escaped, with the words found in <b>…</b>.
-- Differs from postgres: FTS5 knows neither the web's syntax nor stop words, so its expression is
-- made here, every word in double quotes; a phrase keeps its stop words; the whole text is searched
-- and in the snippet, which is of the one that matches best; the score is bm25's, which counts a word
-- the more the rarer it is in the analyses of all tenants.
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
        iif(
            count(*) > 0 AND count(*) = count(wanted),
            group_concat(
                '(' || wanted || ')' || coalesce(' NOT (' || excluded || ')', ''),
                ' OR '
            ),
            '""'
        ) AS fts
    FROM alternatives
),

hits AS MATERIALIZED (
    SELECT
        analyses.seq,
        items.seq AS item_seq,
        -bm25(analyses_search, 10.0, 4.0, 0.0, 1.0) AS score
    -- CROSS: the words first, whatever the statistics say.
    FROM analyses_search
    CROSS JOIN analyses ON analyses_search.rowid = analyses.seq
    CROSS JOIN items
        ON
            analyses.user_id = items.user_id
            AND analyses.item_id = items.id
            AND analyses.version = items.latest_version
    WHERE
        analyses_search MATCH (
            SELECT
                '{category summary response} : (' || expression.fts
                || ') AND tenant : u' || hex(:user_id) AS fts
            FROM expression
        )
        AND items.user_id = :user_id
        AND analyses.category = :category -- if :category
    ORDER BY score DESC, items.created_at DESC, items.seq DESC
    LIMIT :top_k
)

SELECT
    items.id,
    items.user_id,
    items.filename,
    items.original_filename,
    items.file_path,
    items.file_size,
    items.mime_type,
    items.created_at,
    items.updated_at,
    analyses.category,
    analyses.summary,
    hits.score,
    snippet(analyses_search, -1, '<b>', '</b>', '…', 32) AS snippet
FROM hits
CROSS JOIN analyses_search ON hits.seq = analyses_search.rowid
INNER JOIN analyses ON hits.seq = analyses.seq
INNER JOIN items ON hits.item_seq = items.seq
WHERE
    analyses_search MATCH (
        SELECT '{category summary response} : (' || expression.fts || ')' AS fts
        FROM expression
    )
    AND analyses.user_id = :user_id
    AND items.user_id = :user_id
ORDER BY hits.score DESC, items.created_at DESC, items.seq DESC;

-- name: search_similar(
--     embedding vector(1024), user_id text, top_k int = 10, model text? = null,
--     min_similarity float? = null) :many SimilarItem
-- The tenant's items by cosine similarity, an item by its most similar embedding, best first, ties by
-- id: top_k of them, or all that the tenant has. A model keeps to its embeddings; a min_similarity
-- leaves out what is less alike.
-- Differs from postgres: always exact, for there is no index for vectors.
-- not null: similarity: items without a distance are left out
-- plan: every vector of the tenant is compared: SQLite has no index for them
-- growth: every vector of the tenant is compared: SQLite has no index for them
WITH nearest AS (
    SELECT
        item_id,
        min(cosine_distance(vector, :embedding)) AS distance
    FROM embeddings
    WHERE
        user_id = :user_id
        AND vector IS NOT NULL
        AND embedding_model = :model -- if :model
    GROUP BY item_id
    HAVING distance IS NOT NULL
    ORDER BY distance, item_id
    LIMIT :top_k
)

SELECT
    items.id,
    items.user_id,
    items.filename,
    items.original_filename,
    items.file_path,
    items.file_size,
    items.mime_type,
    items.created_at,
    items.updated_at,
    1 - nearest.distance AS similarity
FROM nearest
INNER JOIN items ON nearest.item_id = items.id
WHERE
    items.user_id = :user_id
    AND 1 - nearest.distance >= :min_similarity -- if :min_similarity
ORDER BY nearest.distance, items.id;

-- name: hybrid_search(
--     query text, embedding vector(1024), user_id text, top_k int = 10) :many HybridHit
-- The items of search_items and of search_similar, by reciprocal rank fusion: the score is the sum
-- of 1 / (60 + rank) over the lists that have the item; of equal ones the more similar comes first.
-- Ranks count from 1 and are null in a list without the item. Of each list the first 100 take part,
-- or top_k if that is more: a smaller top_k leaves hits out, and moves none.
-- order: no two items share both ranks
-- not null: score: each item has at least one of the ranks
-- growth: as search_items and search_similar do
WITH RECURSIVE cleaned AS (
    -- To the expression of FTS5 as in search_items.
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
        iif(
            count(*) > 0 AND count(*) = count(wanted),
            group_concat(
                '(' || wanted || ')' || coalesce(' NOT (' || excluded || ')', ''),
                ' OR '
            ),
            '""'
        ) AS fts
    FROM alternatives
),

matches AS MATERIALIZED (
    SELECT
        items.id,
        items.seq,
        items.created_at,
        bm25(analyses_search, 10.0, 4.0, 0.0, 1.0) AS score
    FROM analyses_search
    CROSS JOIN analyses ON analyses_search.rowid = analyses.seq
    CROSS JOIN items
        ON
            analyses.user_id = items.user_id
            AND analyses.item_id = items.id
            AND analyses.version = items.latest_version
    WHERE
        analyses_search MATCH (
            SELECT
                '{category summary response} : (' || expression.fts
                || ') AND tenant : u' || hex(:user_id) AS fts
            FROM expression
        )
        AND items.user_id = :user_id
),

word_hits AS (
    SELECT
        id,
        row_number() OVER (ORDER BY score ASC, created_at DESC, seq DESC) AS place
    FROM matches
    ORDER BY place
    LIMIT max(:top_k, 100)
),

distances AS (
    SELECT
        item_id AS id,
        min(cosine_distance(vector, :embedding)) AS distance
    FROM embeddings
    WHERE
        user_id = :user_id
        AND vector IS NOT NULL
    GROUP BY item_id
    HAVING distance IS NOT NULL
),

similar_items AS (
    SELECT
        id,
        row_number() OVER (ORDER BY distance, id) AS place
    FROM distances
    ORDER BY place
    LIMIT max(:top_k, 100)
),

places AS (
    SELECT
        id,
        place AS text_rank,
        NULL AS vector_rank
    FROM word_hits
    UNION ALL
    SELECT
        id,
        NULL AS text_rank,
        place AS vector_rank
    FROM similar_items
),

hits AS (
    SELECT
        id,
        max(text_rank) AS text_rank,
        max(vector_rank) AS vector_rank,
        sum(1.0 / (60 + coalesce(text_rank, vector_rank))) AS score
    FROM places
    GROUP BY id
)

SELECT
    items.id,
    items.user_id,
    items.filename,
    items.original_filename,
    items.file_path,
    items.file_size,
    items.mime_type,
    items.created_at,
    items.updated_at,
    hits.score,
    hits.text_rank,
    hits.vector_rank
FROM hits
INNER JOIN items ON hits.id = items.id
WHERE items.user_id = :user_id
ORDER BY hits.score DESC, hits.vector_rank ASC NULLS LAST, hits.text_rank ASC NULLS LAST
LIMIT :top_k;
