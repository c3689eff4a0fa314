-- Operations of the tools: what each cost, and what it would have cost.
--
-- Lists are ordered by (created_at, id): ids made here rise with every row, so equal times keep the
-- order of insertion.
-- created_at is never null, so NULLS LAST and NULLS FIRST change no answer. They are the orders of the
-- indexes that begin with tool_id or session_id and not of idx_tool_operations_created_at, along which
-- the planner would look for the operations of who owns many, past all those of others.

-- row: ToolOperation(id uuid, session_id uuid, tool_name text, operation_mode text,
--     parameters json?, file_path text?, tokens_original int, tokens_actual int,
--     tokens_prevented int, response_time_ms float, created_at timestamptz, tool_id text)

-- row: OperationBreakdown(tool_name text, operation_mode text, operations bigint,
--     tokens_original bigint, tokens_actual bigint, tokens_prevented bigint,
--     avg_response_time_ms float, p95_response_time_ms float)

-- row: Savings(operations bigint, tokens_prevented bigint, usd_saved float)

-- name: record_operation(
--     session_id uuid, tool_name text, operation_mode text, tokens_original int,
--     tokens_actual int, tokens_prevented int, response_time_ms float, tool_id text(50),
--     parameters json? = null, file_path text(512)? = null, id uuid? = null) :one ToolOperation
-- always: it inserts, or fails
-- A new operation of a session, whose tokens_saved grows by tokens_prevented and whose last_activity
-- becomes now: both or neither, also under concurrent callers. tool_name is read or search,
-- operation_mode full, overview, symbol, semantic or tri_index. An unknown session is a foreign key
-- violation.
WITH session AS (
    UPDATE omnimemory.tool_sessions
    SET
        tokens_saved = tokens_saved + :tokens_prevented::integer,
        last_activity = greatest(
            clock_timestamp(), last_activity + interval '1 microsecond'
        )
    WHERE session_id = :session_id
)

INSERT INTO omnimemory.tool_operations (
    id, -- if :id
    session_id,
    tool_name,
    operation_mode,
    parameters,
    file_path,
    tokens_original,
    tokens_actual,
    tokens_prevented,
    response_time_ms,
    tool_id
)
VALUES (
    :id, -- if :id
    :session_id,
    :tool_name,
    :operation_mode,
    :parameters,
    :file_path,
    :tokens_original,
    :tokens_actual,
    :tokens_prevented,
    :response_time_ms,
    :tool_id
)
RETURNING
    id,
    session_id,
    tool_name,
    operation_mode,
    parameters,
    file_path,
    tokens_original,
    tokens_actual,
    tokens_prevented,
    response_time_ms,
    created_at,
    tool_id;

-- name: get_operation(id uuid) :one ToolOperation
SELECT
    id,
    session_id,
    tool_name,
    operation_mode,
    parameters,
    file_path,
    tokens_original,
    tokens_actual,
    tokens_prevented,
    response_time_ms,
    created_at,
    tool_id
FROM omnimemory.tool_operations
WHERE id = :id;

-- name: list_operations(
--     tool_id text? = null, tool_name text? = null, operation_mode text? = null,
--     since timestamptz? = null, until timestamptz? = null,
--     limit int = 100, offset int = 0) :many ToolOperation
-- Newest first, from since on and before until.
-- plan: tool_name and operation_mode have few values: the newest rows of one in use are soon met
-- growth: a call to a large table is planned anew, 0.05 ms; of a rare mode many rows are passed over
SELECT
    id,
    session_id,
    tool_name,
    operation_mode,
    parameters,
    file_path,
    tokens_original,
    tokens_actual,
    tokens_prevented,
    response_time_ms,
    created_at,
    tool_id
FROM omnimemory.tool_operations
WHERE
    TRUE
    AND tool_id = :tool_id -- if :tool_id
    AND tool_name = :tool_name -- if :tool_name
    AND operation_mode = :operation_mode -- if :operation_mode
    AND created_at >= :since -- if :since
    AND created_at < :until -- if :until
ORDER BY
    created_at DESC NULLS LAST, -- if :tool_id
    created_at DESC,
    id DESC
LIMIT :limit OFFSET :offset;

-- name: list_session_operations(
--     session_id uuid, limit int = 100, offset int = 0) :many ToolOperation
-- Oldest first.
SELECT
    id,
    session_id,
    tool_name,
    operation_mode,
    parameters,
    file_path,
    tokens_original,
    tokens_actual,
    tokens_prevented,
    response_time_ms,
    created_at,
    tool_id
FROM omnimemory.tool_operations
WHERE session_id = :session_id
ORDER BY created_at NULLS FIRST, id
LIMIT :limit OFFSET :offset;

-- name: operation_breakdown(
--     tool_id text? = null, since timestamptz? = null,
--     until timestamptz? = null) :many OperationBreakdown
-- What each pair of tool_name and operation_mode did from since on and before until, by name and
-- mode. p95_response_time_ms is the continuous percentile: between two times it interpolates.
-- It reads every operation of its span, and without a span the whole table.
-- all: there are ten pairs at most
-- plan: a sum reads the span that is asked for, and without one the whole table
-- growth: a sum reads the span that is asked for
SELECT
    tool_name,
    operation_mode,
    count(*) AS operations,
    sum(tokens_original) AS tokens_original,
    sum(tokens_actual) AS tokens_actual,
    sum(tokens_prevented) AS tokens_prevented,
    avg(response_time_ms) AS avg_response_time_ms,
    percentile_cont(0.95) WITHIN GROUP (
        ORDER BY response_time_ms
    ) AS p95_response_time_ms
FROM omnimemory.tool_operations
WHERE
    TRUE
    AND tool_id = :tool_id -- if :tool_id
    AND created_at >= :since -- if :since
    AND created_at < :until -- if :until
GROUP BY tool_name, operation_mode
ORDER BY tool_name, operation_mode;

-- name: savings(
--     tool_id text? = null, since timestamptz? = null, until timestamptz? = null,
--     usd_per_million_tokens float = 15.0) :one Savings
-- always: an aggregate of all rows
-- Tokens prevented from since on and before until, and their price. It reads every operation of its
-- span, and without a span the whole table.
-- plan: a sum reads the span that is asked for, and without one the whole table
-- growth: a sum reads the span that is asked for
WITH spanned AS (
    SELECT
        count(*) AS operations,
        coalesce(sum(tokens_prevented), 0) AS tokens_prevented
    FROM omnimemory.tool_operations
    WHERE
        TRUE
        AND tool_id = :tool_id -- if :tool_id
        AND created_at >= :since -- if :since
        AND created_at < :until -- if :until
)

SELECT
    operations,
    tokens_prevented,
    tokens_prevented * :usd_per_million_tokens::float / 1000000 AS usd_saved
FROM spanned;

-- name: delete_operations_before(cutoff timestamptz, limit int = 10000) :affected
-- prune: operations, by created_at
-- Deletes the oldest operations from before the cutoff, at most limit of them: one batch of the
-- clean-up; call it until it gives 0. The sessions keep their totals.
-- Callers at the same moment take different batches. An array, for a join would be planned without
-- knowing the limit, and read the whole table.
WITH oldest AS (
    SELECT id
    FROM omnimemory.tool_operations
    WHERE created_at < :cutoff
    ORDER BY created_at, id
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
)

DELETE FROM omnimemory.tool_operations
WHERE id = any(array(SELECT oldest.id FROM oldest));

-- name: count_operations_before(cutoff timestamptz) :scalar bigint
-- What delete_operations_before deletes of this cutoff, all batches together.
-- plan: a count reads what it counts
-- growth: a count reads what it counts
SELECT count(*) AS operations
FROM omnimemory.tool_operations
WHERE created_at < :cutoff;
