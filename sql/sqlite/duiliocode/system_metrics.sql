-- Metrics of the system: how long each operation took, and whether it went well.

-- row: SystemMetric(id bigint, operation text, duration_ms float, success bool, error text?,
--     extra_data json?, created_at timestamptz)

-- row: MetricSummary(operation text, calls bigint, errors bigint, error_rate float,
--     avg_duration_ms float, p50_duration_ms float, p95_duration_ms float,
--     p99_duration_ms float, max_duration_ms float)

-- name: save_metric(
--     operation text, duration_ms float, success bool = true, error text? = null,
--     extra_data json? = null) :one SystemMetric
INSERT INTO system_metrics (
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
FROM system_metrics
WHERE
    TRUE
    AND operation = :operation -- if :operation
    AND created_at >= :since -- if :since
ORDER BY created_at DESC, id DESC
LIMIT :limit OFFSET :offset;

-- name: metric_summary(
--     operation text? = null, since timestamptz? = null) :many MetricSummary
-- The metrics of each operation from since on, by operation in the order of its bytes; error_rate is
-- errors / calls. The percentiles are continuous: between two durations they interpolate.
-- It reads every metric of its span, and without a span the whole table.
-- Differs from postgres: SQLite has no percentiles, so the durations of each operation are numbered
-- here. The join is CROSS to look the operations up for each metric, not the metrics for each operation.
-- all: operations are few
-- not null: error_rate: a group has at least one call
-- not null: p50_duration_ms: the first place is never behind it, nor the last before it
-- not null: p95_duration_ms: as p50_duration_ms
-- not null: p99_duration_ms: as p50_duration_ms
-- plan: a sum reads the span that is asked for, and without one the whole table
-- growth: a sum reads the span that is asked for
WITH spanned AS (
    SELECT
        operation,
        duration_ms,
        success
    FROM system_metrics
    WHERE
        TRUE
        AND operation = :operation -- if :operation
        AND created_at >= :since -- if :since
),

summed AS (
    SELECT
        operation,
        count(*) AS calls,
        count(*) FILTER (WHERE NOT success) AS errors,
        cast(count(*) FILTER (WHERE NOT success) AS real) / count(*) AS error_rate,
        avg(duration_ms) AS avg_duration_ms,
        max(duration_ms) AS max_duration_ms,
        0.5 * (count(*) - 1) AS p50_place,
        0.95 * (count(*) - 1) AS p95_place,
        0.99 * (count(*) - 1) AS p99_place
    FROM spanned
    GROUP BY operation
),

numbered AS (
    SELECT
        operation,
        duration_ms,
        row_number() OVER (PARTITION BY operation ORDER BY duration_ms) - 1 AS place
    FROM spanned
)

SELECT
    summed.operation,
    summed.calls,
    summed.errors,
    summed.error_rate,
    summed.avg_duration_ms,
    max(numbered.duration_ms) FILTER (WHERE numbered.place <= summed.p50_place)
    + (summed.p50_place - cast(summed.p50_place AS integer)) * (
        min(numbered.duration_ms) FILTER (WHERE numbered.place >= summed.p50_place)
        - max(numbered.duration_ms) FILTER (WHERE numbered.place <= summed.p50_place)
    ) AS p50_duration_ms,
    max(numbered.duration_ms) FILTER (WHERE numbered.place <= summed.p95_place)
    + (summed.p95_place - cast(summed.p95_place AS integer)) * (
        min(numbered.duration_ms) FILTER (WHERE numbered.place >= summed.p95_place)
        - max(numbered.duration_ms) FILTER (WHERE numbered.place <= summed.p95_place)
    ) AS p95_duration_ms,
    max(numbered.duration_ms) FILTER (WHERE numbered.place <= summed.p99_place)
    + (summed.p99_place - cast(summed.p99_place AS integer)) * (
        min(numbered.duration_ms) FILTER (WHERE numbered.place >= summed.p99_place)
        - max(numbered.duration_ms) FILTER (WHERE numbered.place <= summed.p99_place)
    ) AS p99_duration_ms,
    max(summed.max_duration_ms) AS max_duration_ms
FROM numbered
CROSS JOIN summed
    ON
        numbered.operation = summed.operation
        AND (
            numbered.place - cast(summed.p50_place AS integer) IN (0, 1)
            OR numbered.place - cast(summed.p95_place AS integer) IN (0, 1)
            OR numbered.place - cast(summed.p99_place AS integer) IN (0, 1)
        )
GROUP BY
    summed.operation,
    summed.calls,
    summed.errors,
    summed.error_rate,
    summed.avg_duration_ms,
    summed.p50_place,
    summed.p95_place,
    summed.p99_place
ORDER BY summed.operation;

-- name: delete_metrics_before(cutoff timestamptz, limit int = 10000) :affected
-- prune: metrics, by created_at
-- Deletes the oldest metrics from before the cutoff, at most limit of them: one batch of the clean-up;
-- call it until it gives 0.
DELETE FROM system_metrics
WHERE
    id IN (
        SELECT oldest.id
        FROM system_metrics AS oldest
        WHERE oldest.created_at < :cutoff
        ORDER BY oldest.created_at, oldest.id
        LIMIT :limit
    );

-- name: count_metrics_before(cutoff timestamptz) :scalar bigint
-- What delete_metrics_before deletes of this cutoff, all batches together.
-- plan: a count reads what it counts
-- growth: a count reads what it counts
SELECT count(*) AS metrics
FROM system_metrics
WHERE created_at < :cutoff;
