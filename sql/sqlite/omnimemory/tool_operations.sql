-- Operations of the tools: what each cost, and what it would have cost.
--
-- Lists are ordered by (created_at, seq) where PostgreSQL says (created_at, id): an id made here has
-- only milliseconds, seq tells the order of insertion.

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
-- Differs from postgres: a WITH cannot hold an UPDATE here, so the trigger tool_operations_totals
-- changes the session, for rows with is_recorded only; rows inserted by hand count in neither.
INSERT INTO tool_operations (
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
    tool_id,
    is_recorded
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
    :tool_id,
    1
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
FROM tool_operations
WHERE id = :id;

-- name: list_operations(
--     tool_id text? = null, tool_name text? = null, operation_mode text? = null,
--     since timestamptz? = null, until timestamptz? = null,
--     limit int = 100, offset int = 0) :many ToolOperation
-- Newest first, from since on and before until. A tool's are looked for along the tool: likely()
-- tells the planner, which has no statistics, that tool_name and operation_mode have few values.
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
FROM tool_operations
WHERE
    TRUE
    AND tool_id = :tool_id -- if :tool_id
    AND likely(tool_name = :tool_name) -- if :tool_name
    AND likely(operation_mode = :operation_mode) -- if :operation_mode
    AND created_at >= :since -- if :since
    AND created_at < :until -- if :until
ORDER BY created_at DESC, seq DESC
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
FROM tool_operations
WHERE session_id = :session_id
ORDER BY created_at, seq
LIMIT :limit OFFSET :offset;

-- name: operation_breakdown(
--     tool_id text? = null, since timestamptz? = null,
--     until timestamptz? = null) :many OperationBreakdown
-- What each pair of tool_name and operation_mode did from since on and before until, by name and
-- mode. p95_response_time_ms is the continuous percentile: between two times it interpolates.
-- It reads every operation of its span, and without a span the whole table.
-- Differs from postgres: SQLite has no percentiles, so the times of each pair are numbered here. The
-- join is CROSS to look the ten pairs up for each operation, not the operations for each pair.
-- all: there are ten pairs at most
-- plan: a sum reads the span that is asked for, and without one the whole table
-- growth: a sum reads the span that is asked for
WITH spanned AS (
    SELECT
        tool_name,
        operation_mode,
        tokens_original,
        tokens_actual,
        tokens_prevented,
        response_time_ms
    FROM tool_operations
    WHERE
        TRUE
        AND tool_id = :tool_id -- if :tool_id
        AND created_at >= :since -- if :since
        AND created_at < :until -- if :until
),

summed AS (
    SELECT
        tool_name,
        operation_mode,
        count(*) AS operations,
        sum(tokens_original) AS tokens_original,
        sum(tokens_actual) AS tokens_actual,
        sum(tokens_prevented) AS tokens_prevented,
        avg(response_time_ms) AS avg_response_time_ms,
        0.95 * (count(*) - 1) AS p95_place
    FROM spanned
    GROUP BY tool_name, operation_mode
),

numbered AS (
    SELECT
        tool_name,
        operation_mode,
        response_time_ms,
        row_number() OVER (
            PARTITION BY tool_name, operation_mode
            ORDER BY response_time_ms
        ) - 1 AS place
    FROM spanned
)

SELECT
    summed.tool_name,
    summed.operation_mode,
    summed.operations,
    summed.tokens_original,
    summed.tokens_actual,
    summed.tokens_prevented,
    summed.avg_response_time_ms,
    min(numbered.response_time_ms)
    + (summed.p95_place - cast(summed.p95_place AS integer)) * (
        max(numbered.response_time_ms) - min(numbered.response_time_ms)
    ) AS p95_response_time_ms
FROM numbered
CROSS JOIN summed
    ON
        numbered.tool_name = summed.tool_name
        AND numbered.operation_mode = summed.operation_mode
        AND numbered.place - cast(summed.p95_place AS integer) IN (0, 1)
GROUP BY
    summed.tool_name,
    summed.operation_mode,
    summed.operations,
    summed.tokens_original,
    summed.tokens_actual,
    summed.tokens_prevented,
    summed.avg_response_time_ms,
    summed.p95_place
ORDER BY summed.tool_name, summed.operation_mode;

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
    FROM tool_operations
    WHERE
        TRUE
        AND tool_id = :tool_id -- if :tool_id
        AND created_at >= :since -- if :since
        AND created_at < :until -- if :until
)

SELECT
    operations,
    tokens_prevented,
    tokens_prevented * :usd_per_million_tokens / 1000000 AS usd_saved
FROM spanned;

-- name: delete_operations_before(cutoff timestamptz, limit int = 10000) :affected
-- prune: operations, by created_at
-- Deletes the oldest operations from before the cutoff, at most limit of them: one batch of the
-- clean-up; call it until it gives 0. The sessions keep their totals.
DELETE FROM tool_operations
WHERE
    seq IN (
        SELECT oldest.seq
        FROM tool_operations AS oldest
        WHERE oldest.created_at < :cutoff
        ORDER BY oldest.created_at, oldest.seq
        LIMIT :limit
    );

-- name: count_operations_before(cutoff timestamptz) :scalar bigint
-- What delete_operations_before deletes of this cutoff, all batches together.
-- plan: a count reads what it counts
-- growth: a count reads what it counts
SELECT count(*) AS operations
FROM tool_operations
WHERE created_at < :cutoff;
