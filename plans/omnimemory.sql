-- What omnimemory's queries are explained with, beside any values (the generic plan): a row that there
-- is, by its columns as parameters, for the queries of the file that the name ends with.
--
-- heavy owns half of everything. former owns the most of the rest, which in the volumes of bench/load is
-- all old. light owns next to nothing.

-- name: heavy_tool_operations() :one
-- Nearly all of the time.
WITH owner AS (
    SELECT tool_id
    FROM tool_operations
    GROUP BY tool_id
    ORDER BY count(*) DESC, tool_id ASC
    LIMIT 1
),

since AS (
    SELECT created_at AS since
    FROM tool_operations
    ORDER BY created_at
    LIMIT 1 OFFSET 100
),

until AS (
    SELECT created_at AS until
    FROM tool_operations
    ORDER BY created_at DESC
    LIMIT 1 OFFSET 100
),

cutoff AS (
    SELECT created_at AS cutoff
    FROM tool_operations
    ORDER BY created_at DESC
    LIMIT 1 OFFSET 100
)

SELECT
    tool_operations.id,
    tool_operations.session_id,
    tool_operations.tool_id,
    tool_operations.tool_name,
    tool_operations.tokens_original,
    tool_operations.tokens_actual,
    tool_operations.tokens_prevented,
    tool_operations.response_time_ms,
    'full' AS operation_mode,
    since.since,
    until.until,
    cutoff.cutoff
FROM owner
INNER JOIN tool_operations ON owner.tool_id = tool_operations.tool_id
CROSS JOIN since
CROSS JOIN until
CROSS JOIN cutoff
ORDER BY tool_operations.created_at, tool_operations.id
LIMIT 1;

-- name: former_tool_operations() :one
-- The oldest.
WITH owner AS (
    SELECT tool_id
    FROM tool_operations
    GROUP BY tool_id
    ORDER BY count(*) DESC, tool_id ASC
    LIMIT 1 OFFSET 1
),

since AS (
    SELECT created_at AS since
    FROM tool_operations
    ORDER BY created_at
    LIMIT 1
),

until AS (
    SELECT created_at AS until
    FROM tool_operations
    ORDER BY created_at
    LIMIT 1 OFFSET 1000
),

cutoff AS (
    SELECT created_at AS cutoff
    FROM tool_operations
    ORDER BY created_at
    LIMIT 1 OFFSET 1000
)

SELECT
    tool_operations.id,
    tool_operations.session_id,
    tool_operations.tool_id,
    tool_operations.tool_name,
    tool_operations.tokens_original,
    tool_operations.tokens_actual,
    tool_operations.tokens_prevented,
    tool_operations.response_time_ms,
    'symbol' AS operation_mode,
    since.since,
    until.until,
    cutoff.cutoff
FROM owner
INNER JOIN tool_operations ON owner.tool_id = tool_operations.tool_id
CROSS JOIN since
CROSS JOIN until
CROSS JOIN cutoff
ORDER BY tool_operations.created_at, tool_operations.id
LIMIT 1;

-- name: light_tool_operations() :one
-- The newest.
WITH owner AS (
    SELECT tool_id
    FROM tool_operations
    GROUP BY tool_id
    ORDER BY count(*) ASC, tool_id ASC
    LIMIT 1
),

since AS (
    SELECT created_at AS since
    FROM tool_operations
    ORDER BY created_at DESC
    LIMIT 1 OFFSET 1000
),

until AS (
    SELECT created_at AS until
    FROM tool_operations
    ORDER BY created_at DESC
    LIMIT 1
),

cutoff AS (
    SELECT created_at AS cutoff
    FROM tool_operations
    ORDER BY created_at
    LIMIT 1 OFFSET 10
)

SELECT
    tool_operations.id,
    tool_operations.session_id,
    tool_operations.tool_id,
    tool_operations.tool_name,
    tool_operations.tokens_original,
    tool_operations.tokens_actual,
    tool_operations.tokens_prevented,
    tool_operations.response_time_ms,
    'tri_index' AS operation_mode,
    since.since,
    until.until,
    cutoff.cutoff
FROM owner
INNER JOIN tool_operations ON owner.tool_id = tool_operations.tool_id
CROSS JOIN since
CROSS JOIN until
CROSS JOIN cutoff
ORDER BY tool_operations.created_at DESC, tool_operations.id DESC
LIMIT 1;

-- name: heavy_tool_sessions() :one
-- Nearly all have ended.
WITH owner AS (
    SELECT tool_id
    FROM tool_sessions
    GROUP BY tool_id
    ORDER BY count(*) DESC, tool_id ASC
    LIMIT 1
),

cutoff AS (
    SELECT started_at AS cutoff
    FROM tool_sessions
    ORDER BY started_at DESC
    LIMIT 1 OFFSET 100
)

SELECT
    tool_sessions.session_id,
    tool_sessions.tool_id,
    0 AS active,
    cutoff.cutoff
FROM owner
INNER JOIN tool_sessions ON owner.tool_id = tool_sessions.tool_id
CROSS JOIN cutoff
ORDER BY tool_sessions.started_at, tool_sessions.id
LIMIT 1;

-- name: former_tool_sessions() :one
WITH owner AS (
    SELECT tool_id
    FROM tool_sessions
    GROUP BY tool_id
    ORDER BY count(*) DESC, tool_id ASC
    LIMIT 1 OFFSET 1
),

cutoff AS (
    SELECT started_at AS cutoff
    FROM tool_sessions
    ORDER BY started_at
    LIMIT 1 OFFSET 100
)

SELECT
    tool_sessions.session_id,
    tool_sessions.tool_id,
    1 AS active,
    cutoff.cutoff
FROM owner
INNER JOIN tool_sessions ON owner.tool_id = tool_sessions.tool_id
CROSS JOIN cutoff
ORDER BY tool_sessions.started_at, tool_sessions.id
LIMIT 1;

-- name: ended_tool_sessions() :one
-- The former one's that have ended.
WITH owner AS (
    SELECT tool_id
    FROM tool_sessions
    GROUP BY tool_id
    ORDER BY count(*) DESC, tool_id ASC
    LIMIT 1 OFFSET 1
),

cutoff AS (
    SELECT started_at AS cutoff
    FROM tool_sessions
    ORDER BY started_at
    LIMIT 1 OFFSET 100
)

SELECT
    tool_sessions.session_id,
    tool_sessions.tool_id,
    0 AS active,
    cutoff.cutoff
FROM owner
INNER JOIN tool_sessions ON owner.tool_id = tool_sessions.tool_id
CROSS JOIN cutoff
ORDER BY tool_sessions.started_at, tool_sessions.id
LIMIT 1;

-- name: light_tool_sessions() :one
WITH owner AS (
    SELECT tool_id
    FROM tool_sessions
    GROUP BY tool_id
    ORDER BY count(*) ASC, tool_id ASC
    LIMIT 1
),

cutoff AS (
    SELECT started_at AS cutoff
    FROM tool_sessions
    ORDER BY started_at
    LIMIT 1 OFFSET 10
)

SELECT
    tool_sessions.session_id,
    tool_sessions.tool_id,
    1 AS active,
    cutoff.cutoff
FROM owner
INNER JOIN tool_sessions ON owner.tool_id = tool_sessions.tool_id
CROSS JOIN cutoff
ORDER BY tool_sessions.started_at DESC, tool_sessions.id DESC
LIMIT 1;
