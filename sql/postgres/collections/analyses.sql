-- Analyses: what a model said of an item, version after version.

-- row: Analysis(id text, item_id text, user_id text, version int, category text?, summary text?,
--     raw_response json?, provider_used text?, model_used text?, trace_id text?,
--     created_at timestamptz)

-- name: create_analysis(
--     analysis_id text, item_id text, user_id text, result json, provider_used text? = null,
--     model_used text? = null, trace_id text? = null) :one Analysis
-- The item's next version: 1, 2, 3 …; category and summary are the result's, where they are texts,
-- and raw_response is the result. Callers for one item take turns, to the end of their transactions.
-- The lock gives the item as the caller before has left it, its latest_version too, where a
-- max(version) would be read from a snapshot without that caller's row; the trigger
-- analyses_latest counts latest_version up.
INSERT INTO collections.analyses (
    user_id,
    id,
    item_id,
    version,
    category,
    summary,
    raw_response,
    provider_used,
    model_used,
    trace_id
)
SELECT
    :user_id AS user_id,
    :analysis_id AS id,
    :item_id AS item_id,
    -- Of an item that is not there the foreign key speaks.
    1 + coalesce(
        (
            SELECT items.latest_version
            FROM collections.items
            WHERE
                items.user_id = :user_id
                AND items.id = :item_id
            FOR NO KEY UPDATE
        ),
        0
    ) AS version,
    CASE
        WHEN jsonb_typeof(response.result -> 'category') = 'string'
            THEN response.result ->> 'category'
    END AS category,
    CASE
        WHEN jsonb_typeof(response.result -> 'summary') = 'string'
            THEN response.result ->> 'summary'
    END AS summary,
    response.result AS raw_response,
    :provider_used AS provider_used,
    :model_used AS model_used,
    :trace_id AS trace_id
FROM (SELECT :result::jsonb AS result) AS response
RETURNING
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
    created_at;

-- name: get_analysis(analysis_id text, user_id text) :one Analysis
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
FROM collections.analyses
WHERE
    user_id = :user_id
    AND id = :analysis_id;

-- name: get_latest_analysis(item_id text, user_id text) :one Analysis
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
FROM collections.analyses
WHERE
    user_id = :user_id
    AND item_id = :item_id
ORDER BY version DESC
LIMIT 1;

-- name: list_analyses(
--     item_id text, user_id text, limit int = 100, offset int = 0) :many Analysis
-- Newest version first.
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
FROM collections.analyses
WHERE
    user_id = :user_id
    AND item_id = :item_id
ORDER BY version DESC
LIMIT :limit OFFSET :offset;
