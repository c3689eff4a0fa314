-- Create system metrics.
-- depends: 0003_create_conversation_history

-- The length is PostgreSQL's, whose B-tree entries hold 2704 bytes.
CREATE TABLE system_metrics (
    id integer CONSTRAINT system_metrics_pkey PRIMARY KEY AUTOINCREMENT,
    operation text NOT NULL,
    duration_ms real NOT NULL,
    success integer NOT NULL DEFAULT TRUE,
    error text,
    extra_data text,
    created_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    CONSTRAINT system_metrics_operation_check
    CHECK (length(cast(operation AS blob)) <= 1024),
    -- 9e999 is infinity: one would be every average and percentile it is part of.
    CONSTRAINT system_metrics_duration_ms_check
    CHECK (duration_ms >= 0 AND duration_ms < 9e999),
    CONSTRAINT system_metrics_success_check CHECK (success IN (0, 1)),
    CONSTRAINT system_metrics_extra_data_check
    CHECK (extra_data IS NULL OR json_valid(extra_data)),
    CONSTRAINT system_metrics_created_at_check
    CHECK (created_at GLOB '????-??-??T??:??:??.??????Z')
) STRICT;

-- get_metrics, delete_metrics_before, and summaries since some time.
CREATE INDEX idx_system_metrics_created ON system_metrics (created_at);

-- get_metrics and metric_summary of an operation.
CREATE INDEX idx_system_metrics_operation_created
ON system_metrics (operation, created_at);
