-- Items: the files of a tenant, user_id; no query sees or changes another's.
--
-- Lists are ordered by (created_at, id); created_at is the moment of the row, so rows inserted one
-- after another keep that order.
-- latest_version and latest_category are of an item's latest analysis; a trigger of analyses keeps
-- them.

-- row: Item(id text, user_id text, filename text, original_filename text?, file_path text,
--     file_size bigint?, mime_type text?, created_at timestamptz, updated_at timestamptz)

-- row: ItemWithAnalysis(id text, user_id text, filename text, original_filename text?,
--     file_path text, file_size bigint?, mime_type text?, created_at timestamptz,
--     updated_at timestamptz, version int?, category text?, summary text?)

-- row: CategoryCount(category text, items bigint)

-- name: create_item(
--     item_id text, filename text, file_path text, user_id text, original_filename text? = null,
--     file_size bigint? = null, mime_type text? = null) :one Item
-- A new item; its id is the caller's, unique within the tenant.
INSERT INTO collections.items (
    user_id, id, filename, original_filename, file_path, file_size, mime_type
)
VALUES (
    :user_id,
    :item_id,
    :filename,
    :original_filename,
    :file_path,
    :file_size,
    :mime_type
)
RETURNING
    id,
    user_id,
    filename,
    original_filename,
    file_path,
    file_size,
    mime_type,
    created_at,
    updated_at;

-- name: get_item(item_id text, user_id text) :one Item
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
FROM collections.items
WHERE
    user_id = :user_id
    AND id = :item_id;

-- name: list_items(
--     user_id text, category text? = null, mime_type text? = null, limit int = 100,
--     offset int = 0) :many ItemWithAnalysis
-- Newest first, each with version, category and summary of its latest analysis, null where it has
-- none. A category is that of the latest analysis. Of both filters one is served by an index.
WITH page AS (
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
    FROM collections.items
    WHERE
        user_id = :user_id
        AND latest_category = :category -- if :category
        AND mime_type = :mime_type -- if :mime_type
    ORDER BY created_at DESC, id DESC
    LIMIT :limit OFFSET :offset
)

SELECT
    page.id,
    page.user_id,
    page.filename,
    page.original_filename,
    page.file_path,
    page.file_size,
    page.mime_type,
    page.created_at,
    page.updated_at,
    latest.version,
    latest.category,
    latest.summary
FROM page
LEFT JOIN
    LATERAL (
        SELECT
            analyses.version,
            analyses.category,
            analyses.summary
        FROM collections.analyses
        WHERE
            analyses.user_id = :user_id
            AND analyses.item_id = page.id
        ORDER BY analyses.version DESC
        LIMIT 1
    ) AS latest
    ON TRUE
ORDER BY page.created_at DESC, page.id DESC;

-- name: count_items(user_id text, category text? = null) :scalar bigint
-- A category is that of the latest analysis.
-- growth: a count reads what it counts, here from the index alone
SELECT count(*) AS items
FROM collections.items
WHERE
    user_id = :user_id
    AND (
        TRUE
        AND latest_category = :category -- if :category
    );

-- name: update_item(
--     item_id text, user_id text, filename text? = null, original_filename text? = null,
--     file_path text? = null, file_size bigint? = null, mime_type text? = null) :one Item
-- Null leaves a column as it is. None if the tenant has no such item.
UPDATE collections.items
SET
    filename = coalesce(:filename, filename),
    original_filename = coalesce(:original_filename, original_filename),
    file_path = coalesce(:file_path, file_path),
    file_size = coalesce(:file_size, file_size),
    mime_type = coalesce(:mime_type, mime_type)
WHERE
    user_id = :user_id
    AND id = :item_id
RETURNING
    id,
    user_id,
    filename,
    original_filename,
    file_path,
    file_size,
    mime_type,
    created_at,
    updated_at;

-- name: delete_item(item_id text, user_id text) :affected
-- With its analyses and embeddings.
DELETE FROM collections.items
WHERE
    user_id = :user_id
    AND id = :item_id;

-- name: list_categories(user_id text) :many CategoryCount
-- The categories of the items' latest analyses with the number of their items, most first. Items
-- without a category are not counted.
-- all: a tenant has few categories
-- growth: the tenant's items are counted, from the index alone
SELECT
    latest_category AS category,
    count(*) AS items
FROM collections.items
WHERE
    user_id = :user_id
    AND latest_category IS NOT NULL
GROUP BY latest_category
ORDER BY count(*) DESC, latest_category ASC;
