-- Old versions of analyses, for the clean-up; and what one tenant has, to be exported or erased.

-- row: Item(id text, user_id text, filename text, original_filename text?, file_path text,
--     file_size bigint?, mime_type text?, created_at timestamptz, updated_at timestamptz)

-- row: Analysis(id text, item_id text, user_id text, version int, category text?, summary text?,
--     raw_response json?, provider_used text?, model_used text?, trace_id text?,
--     created_at timestamptz)

-- row: Embedding(id text, item_id text, analysis_id text, user_id text, vector vector(1024)?,
--     embedding_model text, embedding_dimensions int, embedding_source json?,
--     created_at timestamptz)

-- name: delete_analyses_before(cutoff timestamptz, user_id text, limit int = 1000) :affected
-- prune: analyses that were no longer their item's latest at the cutoff, with their embeddings
-- Deletes those of the tenant whose item had a newer one before the cutoff, at most limit of them, item
-- by item: one batch of the clean-up; call it until it gives 0. An item's latest analysis stays,
-- however old.
-- growth: items that were analysed more than once and have no such version left are passed over
DELETE FROM analyses
WHERE
    user_id = :user_id
    AND id IN (
        SELECT old.id
        FROM items
        CROSS JOIN analyses AS old
        WHERE
            items.user_id = :user_id
            AND items.latest_version > 1
            AND old.user_id = :user_id
            AND old.item_id = items.id
            AND old.version < (
                SELECT latest.version
                FROM analyses AS latest
                WHERE
                    latest.user_id = :user_id
                    AND latest.item_id = items.id
                    AND latest.created_at < :cutoff
                ORDER BY latest.version DESC
                LIMIT 1
            )
        ORDER BY items.id, items.latest_version, old.version
        LIMIT :limit
    );

-- name: count_analyses_before(cutoff timestamptz, user_id text) :scalar bigint
-- What delete_analyses_before deletes of this cutoff, all batches together; without the embeddings.
-- plan: a count reads what it counts
-- growth: a count reads what it counts
SELECT count(*) AS analyses
FROM analyses
WHERE
    analyses.user_id = :user_id
    AND EXISTS (
        SELECT newer.id
        FROM analyses AS newer
        WHERE
            newer.user_id = :user_id
            AND newer.item_id = analyses.item_id
            AND newer.version > analyses.version
            AND newer.created_at < :cutoff
    );

-- name: export_items(user_id text) :stream Item
-- export: the tenant's items
-- Oldest first.
-- all: everything is asked for
-- plan: of who has much of the table all is read in one go, and sorted
-- growth: a tenant may have many
SELECT
    id,
    user_id,
    filename,
    original_filename,
    file_path,
    file_size,
    mime_type,
    created_at,
    updated_at
FROM items
WHERE user_id = :user_id
ORDER BY created_at, seq;

-- name: export_analyses(user_id text) :stream Analysis
-- export: the tenant's analyses
-- Item by item, and by version.
-- all: everything is asked for
-- plan: of who has much of the table all is read in one go, and sorted
-- growth: a tenant may have many
SELECT
    id,
    item_id,
    user_id,
    version,
    category,
    summary,
    raw_response,
    provider_used,
    model_used,
    trace_id,
    created_at
FROM analyses
WHERE user_id = :user_id
ORDER BY item_id, version;

-- name: export_embeddings(user_id text) :stream Embedding
-- export: the tenant's embeddings
-- In the order of their ids.
-- all: everything is asked for
-- plan: of who has much of the table all is read in one go, and sorted
-- growth: a tenant may have many
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
FROM embeddings
WHERE user_id = :user_id
ORDER BY id;

-- name: delete_user_embeddings(user_id text, limit int = 1000) :affected
-- erase: the tenant's embeddings
-- At most limit of them: one batch; call it until it gives 0.
DELETE FROM embeddings
WHERE
    user_id = :user_id
    AND id IN (
        SELECT foremost.id
        FROM embeddings AS foremost
        WHERE foremost.user_id = :user_id
        ORDER BY foremost.id
        LIMIT :limit
    );

-- name: delete_user_analyses(user_id text, limit int = 1000) :affected
-- erase: the tenant's analyses, once they have no embeddings
-- Of the first of them, at most limit, deletes those without embeddings: one batch.
DELETE FROM analyses
WHERE
    user_id = :user_id
    AND id IN (
        SELECT foremost.id
        FROM analyses AS foremost
        WHERE foremost.user_id = :user_id
        ORDER BY foremost.id
        LIMIT :limit
    )
    AND NOT EXISTS (
        SELECT embeddings.id
        FROM embeddings
        WHERE
            embeddings.user_id = :user_id
            AND embeddings.analysis_id = analyses.id
    );

-- name: delete_user_items(user_id text, limit int = 1000) :affected
-- erase: the tenant's items, once they have no analyses
-- Of the first of them, at most limit, deletes those without analyses: one batch.
DELETE FROM items
WHERE
    user_id = :user_id
    AND id IN (
        SELECT foremost.id
        FROM items AS foremost
        WHERE foremost.user_id = :user_id
        ORDER BY foremost.id
        LIMIT :limit
    )
    AND NOT EXISTS (
        SELECT analyses.id
        FROM analyses
        WHERE
            analyses.user_id = :user_id
            AND analyses.item_id = items.id
    );
