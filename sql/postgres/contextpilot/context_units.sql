-- Context units: files, symbols and other pieces of text, with their embeddings.
--
-- A unit that another supersedes is kept and no longer live. Lists are ordered by (created_at, id):
-- two rows of one moment, which one caller cannot make, still have an order.
-- created_at is never null, so NULLS LAST changes no answer. It is the order of the indexes that begin
-- with source_type and not of the other two by created_at, along which the planner would look for the
-- units of a source_type that has many, past all newer ones of others.

-- row: ContextUnit(id text, source_type text, name text, content text, metadata json,
--     embedding vector?, created_at timestamptz, updated_at timestamptz, superseded_by text?)

-- row: ContextHit(id text, source_type text, name text, content text, metadata json,
--     created_at timestamptz, updated_at timestamptz, superseded_by text?, similarity float)

-- name: add_context(
--     source_type text, name text, content text, metadata json = {}, embedding vector? = null,
--     id text? = null) :one ContextUnit
-- A new unit; without an id the database makes one.
INSERT INTO contextpilot.context_units (
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
FROM contextpilot.context_units
WHERE id = :id;

-- name: list_contexts(
--     source_type text? = null, include_superseded bool = false, limit int = 100,
--     offset int = 0) :many ContextUnit
-- Newest first; live units, or all. The two halves are each in an index of their own, and merged.
-- Each says its order and limit itself, for the planner hands them down to no half that has a WHERE.
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
FROM (
    (
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
        FROM contextpilot.context_units
        WHERE
            superseded_by IS NULL
            AND source_type = :source_type -- if :source_type
        ORDER BY
            created_at DESC NULLS LAST, -- if :source_type
            created_at DESC,
            id DESC
        LIMIT (:limit::bigint + :offset)
    )
    UNION ALL
    (
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
        FROM contextpilot.context_units
        WHERE
            superseded_by IS NOT NULL
            AND :include_superseded
            AND source_type = :source_type -- if :source_type
        ORDER BY
            created_at DESC NULLS LAST, -- if :source_type
            created_at DESC,
            id DESC
        LIMIT (:limit::bigint + :offset)
    )
) AS units
ORDER BY
    created_at DESC NULLS LAST, -- if :source_type
    created_at DESC,
    id DESC
LIMIT :limit OFFSET :offset;

-- name: update_context(
--     id text, name text? = null, content text? = null, metadata json? = null,
--     embedding vector? = null) :one ContextUnit
-- Null leaves a column as it is. None if there is no such unit.
UPDATE contextpilot.context_units
SET
    name = coalesce(:name, name),
    content = coalesce(:content, content),
    metadata = coalesce(:metadata, metadata),
    embedding = coalesce(:embedding, embedding)
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
UPDATE contextpilot.context_units
SET
    superseded_by = :superseded_by
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
DELETE FROM contextpilot.context_units
WHERE id = :id;

-- name: count_contexts(include_superseded bool = false) :scalar bigint
-- Live units, or all.
-- plan: a count reads what it counts, here from the index alone
-- growth: a count reads what it counts, here from the index alone
SELECT
    (
        SELECT count(*)
        FROM contextpilot.context_units
        WHERE superseded_by IS NULL
    )
    + CASE
        WHEN :include_superseded
            THEN (
                SELECT count(*)
                FROM contextpilot.context_units
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
-- The dimensions that have an index (384, 768, 1024, 1536) are searched by it, approximately, and
-- all others exactly; so are, where the index finds fewer than wanted, the units that there are:
-- the answer is never short. The dimension chooses one branch before any row is read. The settings
-- make the index go on until enough rows pass the source_type, and look about as widely as it is
-- tuned to; they last to the end of the transaction. The index knows no order among equal
-- units: twenty more are taken, from which the newest are chosen. A min_similarity only takes from
-- the best what is too far, so it needs no part in the search.
-- growth: the indexes look at more units the more there are, though far from all
WITH settings AS MATERIALIZED (
    SELECT
        set_config('hnsw.iterative_scan', 'relaxed_order', TRUE) AS iterative_scan,
        set_config(
            'hnsw.ef_search',
            greatest(
                contextpilot.ef_search(public.vector_dims(:embedding::public.vector)),
                2 * least(:limit, 500)
            )::text,
            TRUE
        ) AS ef_search
),

nearest AS MATERIALIZED (
    (
        SELECT
            id,
            (embedding::public.vector(384)) <=> :embedding AS distance
        FROM contextpilot.context_units
        WHERE
            public.vector_dims(:embedding::public.vector) = 384
            AND public.vector_dims(embedding) = 384
            AND superseded_by IS NULL
            AND contextpilot.has_direction(embedding)
            AND source_type = :source_type -- if :source_type
            AND (SELECT settings.iterative_scan FROM settings) = 'relaxed_order'
        ORDER BY distance
        LIMIT (:limit::bigint + 20)
    )
    UNION ALL
    (
        SELECT
            id,
            (embedding::public.vector(768)) <=> :embedding AS distance
        FROM contextpilot.context_units
        WHERE
            public.vector_dims(:embedding::public.vector) = 768
            AND public.vector_dims(embedding) = 768
            AND superseded_by IS NULL
            AND contextpilot.has_direction(embedding)
            AND source_type = :source_type -- if :source_type
            AND (SELECT settings.iterative_scan FROM settings) = 'relaxed_order'
        ORDER BY distance
        LIMIT (:limit::bigint + 20)
    )
    UNION ALL
    (
        SELECT
            id,
            (embedding::public.vector(1024)) <=> :embedding AS distance
        FROM contextpilot.context_units
        WHERE
            public.vector_dims(:embedding::public.vector) = 1024
            AND public.vector_dims(embedding) = 1024
            AND superseded_by IS NULL
            AND contextpilot.has_direction(embedding)
            AND source_type = :source_type -- if :source_type
            AND (SELECT settings.iterative_scan FROM settings) = 'relaxed_order'
        ORDER BY distance
        LIMIT (:limit::bigint + 20)
    )
    UNION ALL
    (
        SELECT
            id,
            (embedding::public.vector(1536)) <=> :embedding AS distance
        FROM contextpilot.context_units
        WHERE
            public.vector_dims(:embedding::public.vector) = 1536
            AND public.vector_dims(embedding) = 1536
            AND superseded_by IS NULL
            AND contextpilot.has_direction(embedding)
            AND source_type = :source_type -- if :source_type
            AND (SELECT settings.iterative_scan FROM settings) = 'relaxed_order'
        ORDER BY distance
        LIMIT (:limit::bigint + 20)
    )
),

found AS (
    SELECT count(*) AS units
    FROM nearest
),

exact AS (
    SELECT
        id,
        embedding <=> :embedding AS distance
    FROM contextpilot.context_units
    WHERE
        public.vector_dims(embedding) = public.vector_dims(:embedding::public.vector)
        AND superseded_by IS NULL
        AND contextpilot.has_direction(embedding)
        AND source_type = :source_type -- if :source_type
        AND (SELECT found.units FROM found) < :limit
    ORDER BY distance ASC, created_at DESC, id DESC
    LIMIT :limit
),

hits AS (
    SELECT
        id,
        distance
    FROM nearest
    WHERE (SELECT found.units FROM found) >= :limit
    UNION ALL
    SELECT
        id,
        distance
    FROM exact
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
    1 - hits.distance AS similarity
FROM hits
INNER JOIN contextpilot.context_units ON hits.id = context_units.id
WHERE 1 - hits.distance >= :min_similarity -- if :min_similarity
ORDER BY hits.distance ASC, context_units.created_at DESC, context_units.id DESC
LIMIT :limit;
