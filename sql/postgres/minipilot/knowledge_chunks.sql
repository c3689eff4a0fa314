-- Knowledge: chunks of text with their source, searched by words.
--
-- Lists are ordered by (created_at, id): ids rise with every row, so equal times keep the order of
-- insertion.
-- created_at is never null, so NULLS LAST changes no answer. It is the order of the indexes that begin
-- with source or external_id and not of idx_knowledge_created, along which the planner would look for
-- the chunks of a source that has many, past all newer ones of others.

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
INSERT INTO minipilot.knowledge_chunks (
    source, external_id, title, content, chunk_metadata
)
VALUES (:source, :external_id, :title, :content, :chunk_metadata)
ON CONFLICT (source, external_id) DO UPDATE
    SET
        title = excluded.title,
        content = excluded.content,
        chunk_metadata = excluded.chunk_metadata
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
-- Callers whose lists overlap in another order can deadlock; sort the items, or use run().
-- order: distinct_items has one row for each row written, and positions are unique
WITH items AS (
    -- The id proposed for an item also tells it from others that have no external_id.
    SELECT
        item.position,
        item.chunk ->> 'source' AS source,
        item.chunk ->> 'external_id' AS external_id,
        item.chunk ->> 'title' AS title,
        item.chunk ->> 'content' AS content,
        nullif(item.chunk -> 'chunk_metadata', 'null'::jsonb) AS chunk_metadata,
        minipilot.uuid_v7() AS id
    FROM jsonb_array_elements(:chunks) WITH ORDINALITY AS item (chunk, position)
),

distinct_items AS (
    SELECT DISTINCT ON (source, coalesce(external_id, id::text))
        position,
        source,
        external_id,
        title,
        content,
        chunk_metadata,
        id
    FROM items
    ORDER BY source ASC, coalesce(external_id, id::text) ASC, position DESC
),

written AS (
    INSERT INTO minipilot.knowledge_chunks (
        id, source, external_id, title, content, chunk_metadata
    )
    SELECT
        id,
        source,
        external_id,
        title,
        content,
        chunk_metadata
    FROM distinct_items
    ORDER BY position
    ON CONFLICT (source, external_id) DO UPDATE
        SET
            title = excluded.title,
            content = excluded.content,
            chunk_metadata = excluded.chunk_metadata
    RETURNING
        id,
        source,
        external_id,
        title,
        content,
        chunk_metadata,
        created_at,
        updated_at
)

SELECT
    written.id,
    written.source,
    written.external_id,
    written.title,
    written.content,
    written.chunk_metadata,
    written.created_at,
    written.updated_at
FROM written
INNER JOIN distinct_items
    ON
        written.source = distinct_items.source
        AND coalesce(written.external_id, written.id::text)
        = coalesce(distinct_items.external_id, distinct_items.id::text)
ORDER BY distinct_items.position;

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
FROM minipilot.knowledge_chunks
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
FROM minipilot.knowledge_chunks
WHERE
    external_id = :external_id
    AND source = :source -- if :source
ORDER BY created_at DESC NULLS LAST, id DESC
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
FROM minipilot.knowledge_chunks
WHERE source = :source
ORDER BY created_at DESC NULLS LAST, id DESC
LIMIT :limit OFFSET :offset;

-- name: search_knowledge_chunks(query text, source text? = null, limit int = 10) :many KnowledgeHit
-- Chunks whose title and content hold all the words in any of their forms, best first; the title
-- weighs ten times the content. A "quoted phrase" stands as it is, -word excludes, or joins two
-- alternatives. English stop words do not count. Any text is a query (its first 1000 characters), and
-- one without a word to look for finds nothing. A higher score is better; scores compare within one
-- answer only. The snippet is content, not escaped, with the words found in <b>…</b>.
-- Searched are the first 250 000 characters; the snippet is from the first 20 000.
-- plan: the best can be told only when all that hold the words are found and scored
-- growth: a word is in more texts the more there are, and each of them is scored
WITH hits AS (
    SELECT
        knowledge_chunks.id,
        words,
        ts_rank_cd(knowledge_chunks.search_vector, words, 1) AS score
    FROM minipilot.knowledge_chunks
    CROSS JOIN
        websearch_to_tsquery(
            'pg_catalog.english',
            -- A dash before no word excludes nothing, and 33 of them would be an error.
            regexp_replace(left(:query, 1000), '-(?![^\s[:punct:]]|")', ' ', 'g')
        ) AS words
    WHERE
        knowledge_chunks.search_vector @@ words
        -- T: exclusions alone, which no index could serve.
        AND querytree(words) <> 'T'
        AND knowledge_chunks.source = :source -- if :source
    ORDER BY score DESC, knowledge_chunks.created_at DESC, knowledge_chunks.id DESC
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
    ts_headline(
        'pg_catalog.english', left(knowledge_chunks.content, 20000), hits.words
    ) AS snippet
FROM hits
INNER JOIN minipilot.knowledge_chunks ON hits.id = knowledge_chunks.id
ORDER BY hits.score DESC, knowledge_chunks.created_at DESC, knowledge_chunks.id DESC;

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
FROM minipilot.knowledge_chunks
ORDER BY created_at DESC, id DESC
LIMIT :limit OFFSET :offset;

-- name: delete_knowledge_chunk(chunk_id uuid) :affected
DELETE FROM minipilot.knowledge_chunks
WHERE id = :chunk_id;
