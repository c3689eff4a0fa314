-- What collections's queries are explained with, beside any values (the generic plan): a row that there
-- is, by its columns as parameters, for the queries of the file that the name ends with.
--
-- heavy owns half of everything. former owns the most of the rest, which in the volumes of bench/load is
-- all old. light owns next to nothing.

-- name: heavy_items() :one
WITH owner AS (
    SELECT user_id
    FROM items
    GROUP BY user_id
    ORDER BY count(*) DESC, user_id ASC
    LIMIT 1
)

SELECT
    items.user_id,
    items.id AS item_id,
    items.filename,
    items.file_path,
    items.mime_type,
    items.latest_category AS category
FROM owner
INNER JOIN items ON owner.user_id = items.user_id
ORDER BY items.created_at, items.id
LIMIT 1;

-- name: former_items() :one
WITH owner AS (
    SELECT user_id
    FROM items
    GROUP BY user_id
    ORDER BY count(*) DESC, user_id ASC
    LIMIT 1 OFFSET 1
)

SELECT
    items.user_id,
    items.id AS item_id,
    items.filename,
    items.file_path,
    items.mime_type,
    items.latest_category AS category
FROM owner
INNER JOIN items ON owner.user_id = items.user_id
ORDER BY items.created_at, items.id
LIMIT 1;

-- name: light_items() :one
WITH owner AS (
    SELECT user_id
    FROM items
    GROUP BY user_id
    ORDER BY count(*) ASC, user_id ASC
    LIMIT 1
)

SELECT
    items.user_id,
    items.id AS item_id,
    items.filename,
    items.file_path,
    items.mime_type,
    items.latest_category AS category
FROM owner
INNER JOIN items ON owner.user_id = items.user_id
ORDER BY items.created_at DESC, items.id DESC
LIMIT 1;

-- name: heavy_analyses() :one
WITH owner AS (
    SELECT user_id
    FROM analyses
    GROUP BY user_id
    ORDER BY count(*) DESC, user_id ASC
    LIMIT 1
)

SELECT
    analyses.user_id,
    analyses.item_id,
    analyses.id AS analysis_id,
    '{"category": "beach", "summary": "sand"}' AS result
FROM owner
INNER JOIN analyses ON owner.user_id = analyses.user_id
ORDER BY analyses.created_at, analyses.id
LIMIT 1;

-- name: former_analyses() :one
WITH owner AS (
    SELECT user_id
    FROM analyses
    GROUP BY user_id
    ORDER BY count(*) DESC, user_id ASC
    LIMIT 1 OFFSET 1
)

SELECT
    analyses.user_id,
    analyses.item_id,
    analyses.id AS analysis_id,
    '{"category": "beach", "summary": "sand"}' AS result
FROM owner
INNER JOIN analyses ON owner.user_id = analyses.user_id
ORDER BY analyses.created_at, analyses.id
LIMIT 1;

-- name: light_analyses() :one
WITH owner AS (
    SELECT user_id
    FROM analyses
    GROUP BY user_id
    ORDER BY count(*) ASC, user_id ASC
    LIMIT 1
)

SELECT
    analyses.user_id,
    analyses.item_id,
    analyses.id AS analysis_id,
    '{"category": "beach", "summary": "sand"}' AS result
FROM owner
INNER JOIN analyses ON owner.user_id = analyses.user_id
ORDER BY analyses.created_at DESC, analyses.id DESC
LIMIT 1;

-- name: heavy_embeddings() :one
WITH owner AS (
    SELECT user_id
    FROM embeddings
    GROUP BY user_id
    ORDER BY count(*) DESC, user_id ASC
    LIMIT 1
)

SELECT
    embeddings.user_id,
    embeddings.item_id,
    embeddings.analysis_id,
    embeddings.id,
    embeddings.vector AS embedding,
    embeddings.embedding_model AS model
FROM owner
INNER JOIN embeddings ON owner.user_id = embeddings.user_id
ORDER BY embeddings.created_at, embeddings.id
LIMIT 1;

-- name: former_embeddings() :one
WITH owner AS (
    SELECT user_id
    FROM embeddings
    GROUP BY user_id
    ORDER BY count(*) DESC, user_id ASC
    LIMIT 1 OFFSET 1
)

SELECT
    embeddings.user_id,
    embeddings.item_id,
    embeddings.analysis_id,
    embeddings.id,
    embeddings.vector AS embedding,
    embeddings.embedding_model AS model
FROM owner
INNER JOIN embeddings ON owner.user_id = embeddings.user_id
ORDER BY embeddings.created_at, embeddings.id
LIMIT 1;

-- name: light_embeddings() :one
WITH owner AS (
    SELECT user_id
    FROM embeddings
    GROUP BY user_id
    ORDER BY count(*) ASC, user_id ASC
    LIMIT 1
)

SELECT
    embeddings.user_id,
    embeddings.item_id,
    embeddings.analysis_id,
    embeddings.id,
    embeddings.vector AS embedding,
    embeddings.embedding_model AS model
FROM owner
INNER JOIN embeddings ON owner.user_id = embeddings.user_id
ORDER BY embeddings.created_at DESC, embeddings.id DESC
LIMIT 1;

-- name: heavy_search() :one
-- A word that is in many texts, as in light's, but in few of light's own.
WITH owner AS (
    SELECT user_id
    FROM embeddings
    GROUP BY user_id
    ORDER BY count(*) DESC, user_id ASC
    LIMIT 1
)

SELECT
    embeddings.user_id,
    embeddings.vector AS embedding,
    embeddings.embedding_model AS model,
    'water' AS query,
    'category-00' AS category,
    0.5 AS min_similarity
FROM owner
INNER JOIN embeddings ON owner.user_id = embeddings.user_id
ORDER BY embeddings.created_at, embeddings.id
LIMIT 1;

-- name: former_search() :one
WITH owner AS (
    SELECT user_id
    FROM embeddings
    GROUP BY user_id
    ORDER BY count(*) DESC, user_id ASC
    LIMIT 1 OFFSET 1
)

SELECT
    embeddings.user_id,
    embeddings.vector AS embedding,
    embeddings.embedding_model AS model,
    'water' AS query,
    'category-00' AS category,
    0.5 AS min_similarity
FROM owner
INNER JOIN embeddings ON owner.user_id = embeddings.user_id
ORDER BY embeddings.created_at, embeddings.id
LIMIT 1;

-- name: light_search() :one
WITH owner AS (
    SELECT user_id
    FROM embeddings
    GROUP BY user_id
    ORDER BY count(*) ASC, user_id ASC
    LIMIT 1
)

SELECT
    embeddings.user_id,
    embeddings.vector AS embedding,
    embeddings.embedding_model AS model,
    'water' AS query,
    'category-00' AS category,
    0.5 AS min_similarity
FROM owner
INNER JOIN embeddings ON owner.user_id = embeddings.user_id
ORDER BY embeddings.created_at DESC, embeddings.id DESC
LIMIT 1;

-- name: heavy_retention() :one
-- Nearly all is from before.
WITH owner AS (
    SELECT user_id
    FROM items
    WHERE user_id IS NOT NULL
    GROUP BY user_id
    ORDER BY count(*) DESC, user_id ASC
    LIMIT 1
),

cutoff AS (
    SELECT created_at AS cutoff
    FROM analyses
    ORDER BY created_at DESC
    LIMIT 1 OFFSET 100
)

SELECT
    owner.user_id,
    cutoff.cutoff
FROM owner
CROSS JOIN cutoff;

-- name: former_retention() :one
-- The oldest are from before.
WITH owner AS (
    SELECT user_id
    FROM items
    WHERE user_id IS NOT NULL
    GROUP BY user_id
    ORDER BY count(*) DESC, user_id ASC
    LIMIT 1 OFFSET 1
),

cutoff AS (
    SELECT created_at AS cutoff
    FROM analyses
    ORDER BY created_at
    LIMIT 1 OFFSET 1000
)

SELECT
    owner.user_id,
    cutoff.cutoff
FROM owner
CROSS JOIN cutoff;

-- name: light_retention() :one
-- Next to nothing is from before.
WITH owner AS (
    SELECT user_id
    FROM items
    WHERE user_id IS NOT NULL
    GROUP BY user_id
    ORDER BY count(*) ASC, user_id ASC
    LIMIT 1
),

cutoff AS (
    SELECT created_at AS cutoff
    FROM analyses
    ORDER BY created_at
    LIMIT 1 OFFSET 10
)

SELECT
    owner.user_id,
    cutoff.cutoff
FROM owner
CROSS JOIN cutoff;
