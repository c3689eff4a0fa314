-- Context units: files, symbols and other pieces of text, with their embeddings.
--
-- A unit that another supersedes is kept and no longer live. Lists are ordered by (created_at, seq)
-- where PostgreSQL says (created_at, id): a time here has only milliseconds, seq tells the order of
-- insertion.
-- An update sets updated_at itself, for RETURNING does not see what a trigger changes: to now, or a
-- microsecond on where that would not be later.

-- row: ContextUnit(id text, source_type text, name text, content text, metadata json,
--     embedding vector?, created_at timestamptz, updated_at timestamptz, superseded_by text?)

-- row: ContextHit(id text, source_type text, name text, content text, metadata json,
--     created_at timestamptz, updated_at timestamptz, superseded_by text?, similarity float)

-- name: add_context(
--     source_type text, name text, content text, metadata json = {}, embedding vector? = null,
--     id text? = null) :one ContextUnit
-- A new unit; without an id the database makes one.
INSERT INTO context_units (
    id, -- if :id
    source_type,
    name,
    content,
    metadata,
    embedding
)
VALUES (
    :id, -- if :id
    :source_type,
    :name,
    :content,
    :metadata,
    :embedding
)
RETURNING
    id,
    source_type,
    name,
    content,
    metadata,
    embedding,
    created_at,
    updated_at,
    superseded_by;

-- name: get_context(id text) :one ContextUnit
-- The unit, live or not.
SELECT
    id,
    source_type,
    name,
    content,
    metadata,
    embedding,
    created_at,
    updated_at,
    superseded_by
FROM context_units
WHERE id = :id;

-- name: list_contexts(
--     source_type text? = null, include_superseded bool = false, limit int = 100,
--     offset int = 0) :many ContextUnit
-- Newest first; live units, or all. The two halves are each in an index of their own, and merged.
-- Differs from postgres: the page is found in the indexes alone, and its rows fetched after.
WITH listed AS MATERIALIZED (
    SELECT
        seq,
        created_at
    FROM context_units
    WHERE
        superseded_by IS NULL
        AND source_type = :source_type -- if :source_type
    UNION ALL
    SELECT
        seq,
        created_at
    FROM context_units
    WHERE
        superseded_by IS NOT NULL
        AND :include_superseded
        AND source_type = :source_type -- if :source_type
    ORDER BY created_at DESC, seq DESC
    LIMIT :limit OFFSET :offset
)

SELECT
    context_units.id,
    context_units.source_type,
    context_units.name,
    context_units.content,
    context_units.metadata,
    context_units.embedding,
    context_units.created_at,
    context_units.updated_at,
    context_units.superseded_by
FROM listed
INNER JOIN context_units ON listed.seq = context_units.seq
ORDER BY listed.created_at DESC, listed.seq DESC;

-- name: update_context(
--     id text, name text? = null, content text? = null, metadata json? = null,
--     embedding vector? = null) :one ContextUnit
-- Null leaves a column as it is. None if there is no such unit.
UPDATE context_units
SET
    name = coalesce(:name, name),
    content = coalesce(:content, content),
    metadata = coalesce(:metadata, metadata),
    embedding = coalesce(:embedding, embedding),
    updated_at = max(
        strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'),
        printf('%.20s%06dZ', updated_at, min(substr(updated_at, 21, 6) + 1, 999999))
    )
WHERE id = :id
RETURNING
    id,
    source_type,
    name,
    content,
    metadata,
    embedding,
    created_at,
    updated_at,
    superseded_by;

-- name: supersede_context(id text, superseded_by text) :one ContextUnit
-- The unit, from now on superseded by the other, which may be superseded itself. None if there is
-- no such unit. A foreign key violation if there is no such other, and a check violation if it
-- is, in the end, superseded by the unit (or is the unit). Callers take turns, to the end of
-- their transactions.
UPDATE context_units
SET
    superseded_by = :superseded_by,
    updated_at = max(
        strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'),
        printf('%.20s%06dZ', updated_at, min(substr(updated_at, 21, 6) + 1, 999999))
    )
WHERE id = :id
RETURNING
    id,
    source_type,
    name,
    content,
    metadata,
    embedding,
    created_at,
    updated_at,
    superseded_by;

-- name: delete_context(id text) :affected
-- A foreign key violation if the unit supersedes another: that one would be live again.
DELETE FROM context_units
WHERE id = :id;

-- name: count_contexts(include_superseded bool = false) :scalar bigint
-- Live units, or all.
-- growth: a count reads what it counts, here from the index alone
SELECT
    (
        SELECT count(*)
        FROM context_units
        WHERE superseded_by IS NULL
    )
    + CASE
        WHEN :include_superseded
            THEN (
                SELECT count(*)
                FROM context_units
                WHERE superseded_by IS NOT NULL
            )
        ELSE 0
    END AS units;

-- name: search_contexts(
--     embedding vector, limit int = 10, source_type text? = null,
--     min_similarity float? = null) :many ContextHit
-- Live units of the embedding's dimension by cosine similarity, best first; of equal ones the
-- newest first. Embeddings without a direction (zero, or of a length beyond 1e-18 and 1e18, where
-- float32 fails) are like no other, and not found.
-- Differs from postgres: always exact, for every unit of the dimension is looked at.
-- order: nearest() names a unit once
-- not null: similarity: nearest() gives pairs of two numbers
-- growth: every unit of the dimension is looked at
WITH hits AS MATERIALIZED (
    SELECT
        hit.value ->> 0 AS seq,
        hit.value ->> 1 AS similarity
    FROM
        json_each(
            (
                SELECT nearest(seq, embedding, :embedding, :limit)
                FROM context_units
                WHERE
                    length(embedding) = length(:embedding)
                    AND superseded_by IS NULL
                    AND source_type = :source_type -- if :source_type
            )
        ) AS hit
)

SELECT
    context_units.id,
    context_units.source_type,
    context_units.name,
    context_units.content,
    context_units.metadata,
    context_units.created_at,
    context_units.updated_at,
    context_units.superseded_by,
    hits.similarity
FROM hits
INNER JOIN context_units ON hits.seq = context_units.seq
WHERE hits.similarity >= :min_similarity -- if :min_similarity
ORDER BY hits.similarity DESC, context_units.created_at DESC, context_units.seq DESC
LIMIT :limit;
