-- What duiliocode's queries are explained with, beside any values (the generic plan): a row that there
-- is, by its columns as parameters, for the queries of the file that the name ends with.
--
-- heavy owns half of everything. former owns the most of the rest, which in the volumes of bench/load is
-- all old. light owns next to nothing.

-- name: any_user_preferences() :one
SELECT
    user_id,
    key,
    value
FROM user_preferences
ORDER BY id
LIMIT 1;

-- name: heavy_conversation_history() :one
-- A word that is in many texts, as in light's, but in few of light's own.
WITH owner AS (
    SELECT user_id
    FROM conversation_history
    GROUP BY user_id
    ORDER BY count(*) DESC, user_id ASC
    LIMIT 1
),

cutoff AS (
    SELECT created_at AS cutoff
    FROM conversation_history
    ORDER BY created_at DESC
    LIMIT 1 OFFSET 100
)

SELECT
    conversation_history.user_id,
    conversation_history.session_id,
    conversation_history.role,
    conversation_history.content,
    'water' AS query,
    cutoff.cutoff
FROM owner
INNER JOIN conversation_history ON owner.user_id = conversation_history.user_id
CROSS JOIN cutoff
ORDER BY conversation_history.created_at, conversation_history.id
LIMIT 1;

-- name: former_conversation_history() :one
WITH owner AS (
    SELECT user_id
    FROM conversation_history
    GROUP BY user_id
    ORDER BY count(*) DESC, user_id ASC
    LIMIT 1 OFFSET 1
),

cutoff AS (
    SELECT created_at AS cutoff
    FROM conversation_history
    ORDER BY created_at
    LIMIT 1 OFFSET 1000
)

SELECT
    conversation_history.user_id,
    conversation_history.session_id,
    conversation_history.role,
    conversation_history.content,
    'water "people time" -day' AS query,
    cutoff.cutoff
FROM owner
INNER JOIN conversation_history ON owner.user_id = conversation_history.user_id
CROSS JOIN cutoff
ORDER BY conversation_history.created_at, conversation_history.id
LIMIT 1;

-- name: light_conversation_history() :one
WITH owner AS (
    SELECT user_id
    FROM conversation_history
    GROUP BY user_id
    ORDER BY count(*) ASC, user_id ASC
    LIMIT 1
),

cutoff AS (
    SELECT created_at AS cutoff
    FROM conversation_history
    ORDER BY created_at
    LIMIT 1 OFFSET 10
)

SELECT
    conversation_history.user_id,
    conversation_history.session_id,
    conversation_history.role,
    conversation_history.content,
    'water' AS query,
    cutoff.cutoff
FROM owner
INNER JOIN conversation_history ON owner.user_id = conversation_history.user_id
CROSS JOIN cutoff
ORDER BY conversation_history.created_at DESC, conversation_history.id DESC
LIMIT 1;

-- name: heavy_system_metrics() :one
-- All of the time.
WITH owner AS (
    SELECT operation
    FROM system_metrics
    GROUP BY operation
    ORDER BY count(*) DESC, operation ASC
    LIMIT 1
),

since AS (
    SELECT created_at AS since
    FROM system_metrics
    ORDER BY created_at
    LIMIT 1
),

cutoff AS (
    SELECT created_at AS cutoff
    FROM system_metrics
    ORDER BY created_at DESC
    LIMIT 1 OFFSET 100
)

SELECT
    system_metrics.operation,
    system_metrics.duration_ms,
    since.since,
    cutoff.cutoff
FROM owner
INNER JOIN system_metrics ON owner.operation = system_metrics.operation
CROSS JOIN since
CROSS JOIN cutoff
ORDER BY system_metrics.created_at, system_metrics.id
LIMIT 1;

-- name: former_system_metrics() :one
-- The newest, of which it has none.
WITH owner AS (
    SELECT operation
    FROM system_metrics
    GROUP BY operation
    ORDER BY count(*) DESC, operation ASC
    LIMIT 1 OFFSET 1
),

since AS (
    SELECT created_at AS since
    FROM system_metrics
    ORDER BY created_at DESC
    LIMIT 1 OFFSET 1000
),

cutoff AS (
    SELECT created_at AS cutoff
    FROM system_metrics
    ORDER BY created_at
    LIMIT 1 OFFSET 1000
)

SELECT
    system_metrics.operation,
    system_metrics.duration_ms,
    since.since,
    cutoff.cutoff
FROM owner
INNER JOIN system_metrics ON owner.operation = system_metrics.operation
CROSS JOIN since
CROSS JOIN cutoff
ORDER BY system_metrics.created_at, system_metrics.id
LIMIT 1;

-- name: light_system_metrics() :one
-- The newest.
WITH owner AS (
    SELECT operation
    FROM system_metrics
    GROUP BY operation
    ORDER BY count(*) ASC, operation ASC
    LIMIT 1
),

since AS (
    SELECT created_at AS since
    FROM system_metrics
    ORDER BY created_at DESC
    LIMIT 1 OFFSET 1000
),

cutoff AS (
    SELECT created_at AS cutoff
    FROM system_metrics
    ORDER BY created_at
    LIMIT 1 OFFSET 10
)

SELECT
    system_metrics.operation,
    system_metrics.duration_ms,
    since.since,
    cutoff.cutoff
FROM owner
INNER JOIN system_metrics ON owner.operation = system_metrics.operation
CROSS JOIN since
CROSS JOIN cutoff
ORDER BY system_metrics.created_at DESC, system_metrics.id DESC
LIMIT 1;
