-- Create system metrics.
-- depends: 0003_create_conversation_history

-- operation is ordered byte by byte, as SQLite does it, so that summaries are the same on every
-- server; its length keeps it within what a B-tree entry holds (2704 bytes).
CREATE TABLE duiliocode.system_metrics (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    operation text COLLATE "C" NOT NULL,
    duration_ms double precision NOT NULL,
    success boolean NOT NULL DEFAULT TRUE,
    error text,
    extra_data jsonb,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT system_metrics_pkey PRIMARY KEY (id),
    CONSTRAINT system_metrics_operation_check CHECK (octet_length(operation) <= 1024),
    -- One infinite duration would be every average and percentile it is part of.
    CONSTRAINT system_metrics_duration_ms_check
    CHECK (duration_ms >= 0 AND duration_ms < 'Infinity')
);

-- get_metrics, delete_metrics_before, and summaries since some time.
CREATE INDEX idx_system_metrics_created ON duiliocode.system_metrics (created_at);

-- get_metrics and metric_summary of an operation. NULLS LAST, though there are no nulls: it is an order
-- that idx_system_metrics_created does not have, so that no walk along that one is in question.
CREATE INDEX idx_system_metrics_operation_created
ON duiliocode.system_metrics (operation, created_at DESC NULLS LAST);
