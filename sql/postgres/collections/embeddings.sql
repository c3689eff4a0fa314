-- Embeddings of items: vectors of 1024 dimensions.
--
-- Lists are ordered by (created_at, id); created_at is the moment of the row, so rows inserted one
-- after another keep that order.

-- row: Embedding(id text, item_id text, analysis_id text, user_id text, vector vector(1024)?,
--     embedding_model text, embedding_dimensions int, embedding_source json?,
--     created_at timestamptz)

-- name: create_embedding(
--     item_id text, analysis_id text, user_id text, embedding vector(1024), model text,
--     source_fields json? = null, id text? = null) :one Embedding
-- A new embedding; without an id it gets a UUIDv7. A vector of zeros has no direction, so it is
-- kept but never found.
INSERT INTO collections.embeddings (
    id, -- if :id
    user_id,
    item_id,
    analysis_id,
    vector,
    embedding_model,
    embedding_dimensions,
    embedding_source
)
VALUES (
    :id, -- if :id
    :user_id,
    :item_id,
    :analysis_id,
    :embedding,
    :model,
    public.vector_dims(:embedding::public.vector),
    :source_fields
)
RETURNING
    id,
    item_id,
    analysis_id,
    user_id,
    vector,
    embedding_model,
    embedding_dimensions,
    embedding_source,
    created_at;

-- name: get_embedding(id text, user_id text) :one Embedding
SELECT
    id,
    item_id,
    analysis_id,
    user_id,
    vector,
    embedding_model,
    embedding_dimensions,
    embedding_source,
    created_at
FROM collections.embeddings
WHERE
    user_id = :user_id
    AND id = :id;

-- name: list_embeddings(
--     item_id text, user_id text, limit int = 100, offset int = 0) :many Embedding
-- Newest first.
SELECT
    id,
    item_id,
    analysis_id,
    user_id,
    vector,
    embedding_model,
    embedding_dimensions,
    embedding_source,
    created_at
FROM collections.embeddings
WHERE
    user_id = :user_id
    AND item_id = :item_id
ORDER BY created_at DESC, id DESC
LIMIT :limit OFFSET :offset;
