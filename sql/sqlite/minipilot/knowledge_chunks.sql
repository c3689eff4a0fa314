-- Knowledge: chunks of text with their source, searched by words.
--
-- Lists are ordered by (created_at, seq) where PostgreSQL says (created_at, id): an id made here has
-- only milliseconds, seq tells the order of insertion.
-- An update sets updated_at itself, for RETURNING does not see what a trigger changes: to now, or a
-- microsecond on where that would not be later.

-- row: KnowledgeChunk(id uuid, source text, external_id text?, title text?, content text,
--     chunk_metadata json?, created_at timestamptz, updated_at timestamptz)

-- row: KnowledgeHit(id uuid, source text, external_id text?, title text?, content text,
--     chunk_metadata json?, created_at timestamptz, updated_at timestamptz, score float,
--     snippet text)

-- row: KnowledgeInput(source text, content text, external_id text?, title text?,
--     chunk_metadata json?)

-- name: upsert_knowledge_chunk(
--     source text, content text, external_id text? = null, title text? = null,
--     chunk_metadata json? = null) :one KnowledgeChunk
-- A new chunk, or where (source, external_id) exists that chunk with title, content and metadata
-- replaced, by null too. Without an external_id always a new chunk.
INSERT INTO knowledge_chunks (
    source, external_id, title, content, chunk_metadata
)
VALUES (:source, :external_id, :title, :content, :chunk_metadata)
ON CONFLICT (source, external_id) DO UPDATE SET
    title = excluded.title,
    content = excluded.content,
    chunk_metadata = excluded.chunk_metadata,
    updated_at = max(
        strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'),
        printf('%.20s%06dZ', updated_at, min(substr(updated_at, 21, 6) + 1, 999999))
    )
RETURNING
    id,
    source,
    external_id,
    title,
    content,
    chunk_metadata,
    created_at,
    updated_at;

-- name: bulk_upsert_knowledge_chunks(chunks KnowledgeInput[]) :many KnowledgeChunk
-- upsert_knowledge_chunk for each item, all or none. One row for each chunk, in the items' order; of
-- items with one (source, external_id) the last counts, and stands where it stood.
-- Differs from postgres: no outer ORDER BY can stand around an INSERT; RETURNING gives the rows in the
-- order of the SELECT below, which SQLite does but does not promise.
-- order: see above
WITH items AS (
    SELECT
        key AS position,
        value ->> '$.source' AS source,
        value ->> '$.external_id' AS external_id,
        value ->> '$.title' AS title,
        value ->> '$.content' AS content,
        nullif(value -> '$.chunk_metadata', 'null') AS chunk_metadata
    FROM json_each(:chunks)
),

numbered_items AS (
    SELECT
        position,
        source,
        external_id,
        title,
        content,
        chunk_metadata,
        row_number() OVER (
            PARTITION BY source, external_id
            ORDER BY position DESC
        ) AS from_last
    FROM items
)

INSERT INTO knowledge_chunks (
    source, external_id, title, content, chunk_metadata
)
SELECT
    source,
    external_id,
    title,
    content,
    chunk_metadata
FROM numbered_items
WHERE from_last = 1 OR external_id IS NULL
ORDER BY position
ON CONFLICT (source, external_id) DO UPDATE SET
    title = excluded.title,
    content = excluded.content,
    chunk_metadata = excluded.chunk_metadata,
    updated_at = max(
        strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'),
        printf('%.20s%06dZ', updated_at, min(substr(updated_at, 21, 6) + 1, 999999))
    )
RETURNING
    id,
    source,
    external_id,
    title,
    content,
    chunk_metadata,
    created_at,
    updated_at;

-- name: get_knowledge_chunk_by_id(chunk_id uuid) :one KnowledgeChunk
SELECT
    id,
    source,
    external_id,
    title,
    content,
    chunk_metadata,
    created_at,
    updated_at
FROM knowledge_chunks
WHERE id = :chunk_id;

-- name: get_knowledge_chunk_by_external_id(
--     external_id text, source text? = null) :one KnowledgeChunk
-- Without a source the newest of those that have this external_id.
SELECT
    id,
    source,
    external_id,
    title,
    content,
    chunk_metadata,
    created_at,
    updated_at
FROM knowledge_chunks
WHERE
    external_id = :external_id
    AND source = :source -- if :source
ORDER BY created_at DESC, seq DESC
LIMIT 1;

-- name: search_knowledge_chunks_by_source(
--     source text, limit int = 100, offset int = 0) :many KnowledgeChunk
-- Newest first.
SELECT
    id,
    source,
    external_id,
    title,
    content,
    chunk_metadata,
    created_at,
    updated_at
FROM knowledge_chunks
WHERE source = :source
ORDER BY created_at DESC, seq DESC
LIMIT :limit OFFSET :offset;

-- name: search_knowledge_chunks(query text, source text? = null, limit int = 10) :many KnowledgeHit
-- Chunks whose title and content hold all the words in any of their forms, best first; the title
-- weighs ten times the content. A "quoted phrase" stands as it is, -word excludes, or joins two
-- alternatives. English stop words do not count. Any text is a query (its first 1000 characters), and
-- one without a word to look for finds nothing. A higher score is better; scores compare within one
-- answer only. The snippet is content, not escaped, with the words found in <b>…</b>.
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
        knowledge_chunks.seq,
        -bm25(knowledge_chunks_search, 10.0, 1.0) AS score
    FROM knowledge_chunks_search
    INNER JOIN knowledge_chunks ON knowledge_chunks_search.rowid = knowledge_chunks.seq
    WHERE
        knowledge_chunks_search MATCH (SELECT expression.fts FROM expression)
        AND knowledge_chunks.source = :source -- if :source
    ORDER BY score DESC, knowledge_chunks.created_at DESC, knowledge_chunks.seq DESC
    LIMIT :limit
)

SELECT
    knowledge_chunks.id,
    knowledge_chunks.source,
    knowledge_chunks.external_id,
    knowledge_chunks.title,
    knowledge_chunks.content,
    knowledge_chunks.chunk_metadata,
    knowledge_chunks.created_at,
    knowledge_chunks.updated_at,
    hits.score,
    snippet(knowledge_chunks_search, 1, '<b>', '</b>', '…', 32) AS snippet
FROM hits
CROSS JOIN knowledge_chunks_search ON hits.seq = knowledge_chunks_search.rowid
INNER JOIN knowledge_chunks ON hits.seq = knowledge_chunks.seq
WHERE knowledge_chunks_search MATCH (SELECT expression.fts FROM expression)
ORDER BY hits.score DESC, knowledge_chunks.created_at DESC, knowledge_chunks.seq DESC;

-- name: list_all_knowledge_chunks(limit int = 100, offset int = 0) :many KnowledgeChunk
-- Newest first.
SELECT
    id,
    source,
    external_id,
    title,
    content,
    chunk_metadata,
    created_at,
    updated_at
FROM knowledge_chunks
ORDER BY created_at DESC, seq DESC
LIMIT :limit OFFSET :offset;

-- name: delete_knowledge_chunk(chunk_id uuid) :affected
DELETE FROM knowledge_chunks
WHERE id = :chunk_id;
