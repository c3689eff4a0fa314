-- Metrics of the system: how long each operation took, and whether it went well.
--
-- created_at is never null, so NULLS LAST changes no answer. It is the order of
-- idx_system_metrics_operation_created and not of idx_system_metrics_created, along which the planner
-- would look for the metrics of an operation that has many, past all newer ones of others.

-- row: SystemMetric(id bigint, operation text, duration_ms float, success bool, error text?,
--     extra_data json?, created_at timestamptz)

-- row: MetricSummary(operation text, calls bigint, errors bigint, error_rate float,
--     avg_duration_ms float, p50_duration_ms float, p95_duration_ms float,
--     p99_duration_ms float, max_duration_ms float)

-- name: save_metric(
--     operation text, duration_ms float, success bool = true, error text? = null,
--     extra_data json? = null) :one SystemMetric
INSERT INTO duiliocode.system_metrics (
    operation, duration_ms, success, error, extra_data
)
VALUES (:operation, :duration_ms, :success, :error, :extra_data)
RETURNING
    id,
    operation,
    duration_ms,
    success,
    error,
    extra_data,
    created_at;

-- name: get_metrics(
--     operation text? = null, since timestamptz? = null,
--     limit int = 100, offset int = 0) :many SystemMetric
-- Newest first, from since on.
SELECT
    id,
    operation,
    duration_ms,
    success,
    error,
    extra_data,
    created_at
FROM duiliocode.system_metrics
WHERE
    TRUE
    AND operation = :operation -- if :operation
    AND created_at >= :since -- if :since
ORDER BY
    created_at DESC NULLS LAST, -- if :operation
    created_at DESC,
    id DESC
LIMIT :limit OFFSET :offset;

-- name: metric_summary(
--     operation text? = null, since timestamptz? = null) :many MetricSummary
-- The metrics of each operation from since on, by operation in the order of its bytes; error_rate is
-- errors / calls. The percentiles are continuous: between two durations they interpolate.
-- It reads every metric of its span, and without a span the whole table.
-- all: operations are few
-- plan: a sum reads the span that is asked for, and without one the whole table
-- growth: a sum reads the span that is asked for
SELECT
    operation,
    count(*) AS calls,
    count(*) FILTER (WHERE NOT success) AS errors,
    count(*) FILTER (WHERE NOT success)::float / count(*) AS error_rate,
    avg(duration_ms) AS avg_duration_ms,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms) AS p50_duration_ms,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms) AS p95_duration_ms,
    percentile_cont(0.99) WITHIN GROUP (ORDER BY duration_ms) AS p99_duration_ms,
    max(duration_ms) AS max_duration_ms
FROM duiliocode.system_metrics
WHERE
    TRUE
    AND operation = :operation -- if :operation
    AND created_at >= :since -- if :since
GROUP BY operation
ORDER BY operation;

-- name: delete_metrics_before(cutoff timestamptz, limit int = 10000) :affected
-- prune: metrics, by created_at
-- Deletes the oldest metrics from before the cutoff, at most limit of them: one batch of the clean-up;
-- call it until it gives 0.
-- Callers at the same moment take different batches. An array, for a join would be planned without
-- knowing the limit, and read the whole table.
WITH oldest AS (
    SELECT id
    FROM duiliocode.system_metrics
    WHERE created_at < :cutoff
    ORDER BY created_at, id
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
)

DELETE FROM duiliocode.system_metrics
WHERE id = any(array(SELECT oldest.id FROM oldest));

-- name: count_metrics_before(cutoff timestamptz) :scalar bigint
-- What delete_metrics_before deletes of this cutoff, all batches together.
-- plan: a count reads what it counts
-- growth: a count reads what it counts
SELECT count(*) AS metrics
FROM duiliocode.system_metrics
WHERE created_at < :cutoff;
