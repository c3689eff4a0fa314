-- Create tool operations.
-- depends: 0002_create_tool_sessions
-- squawk-ignore-file prefer-bigint-over-int

CREATE TABLE omnimemory.tool_operations (
    id uuid NOT NULL DEFAULT omnimemory.uuid_v7(),
    session_id uuid NOT NULL,
    tool_name text NOT NULL,
    operation_mode text NOT NULL,
    parameters jsonb,
    file_path text,
    tokens_original integer NOT NULL,
    tokens_actual integer NOT NULL,
    tokens_prevented integer NOT NULL,
    response_time_ms double precision NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    tool_id text NOT NULL,
    CONSTRAINT tool_operations_pkey PRIMARY KEY (id),
    CONSTRAINT tool_operations_session_id_fkey FOREIGN KEY (session_id)
    REFERENCES omnimemory.tool_sessions (session_id) ON DELETE CASCADE,
    CONSTRAINT tool_operations_tool_name_check CHECK (tool_name IN ('read', 'search')),
    CONSTRAINT tool_operations_operation_mode_check
    CHECK (operation_mode IN ('full', 'overview', 'symbol', 'semantic', 'tri_index')),
    CONSTRAINT tool_operations_file_path_check CHECK (char_length(file_path) <= 512),
    CONSTRAINT tool_operations_tokens_original_check CHECK (tokens_original >= 0),
    CONSTRAINT tool_operations_tokens_actual_check CHECK (tokens_actual >= 0),
    CONSTRAINT tool_operations_tokens_prevented_check CHECK (tokens_prevented >= 0),
    -- One infinite time would be every average and percentile it is part of.
    CONSTRAINT tool_operations_response_time_ms_check
    CHECK (response_time_ms >= 0 AND response_time_ms < 'Infinity'),
    CONSTRAINT tool_operations_tool_id_check CHECK (char_length(tool_id) <= 50)
);

-- list_session_operations, and the foreign key. NULLS FIRST, though there are no nulls: it is an order
-- that idx_tool_operations_created_at does not have, so that no walk along that one is in question.
CREATE INDEX idx_session_created
ON omnimemory.tool_operations (session_id, created_at NULLS FIRST);

-- The store's contract names this one; idx_tool_operations_name_mode_created begins with its
-- columns and could serve in its place.
CREATE INDEX idx_tool_operation
ON omnimemory.tool_operations (tool_name, operation_mode);

-- The store's contract names this one; idx_session_created begins with its column.
CREATE INDEX idx_tool_operations_session_id ON omnimemory.tool_operations (session_id);

-- The store's contract names this one; idx_tool_operation begins with its column.
CREATE INDEX idx_tool_operations_tool_name ON omnimemory.tool_operations (tool_name);

-- The store's contract names this one; idx_tool_operations_mode_created begins with its column.
CREATE INDEX idx_tool_operations_operation_mode
ON omnimemory.tool_operations (operation_mode);

-- list_operations and the sums over a span of time; delete_operations_before.
CREATE INDEX idx_tool_operations_created_at ON omnimemory.tool_operations (created_at);

-- list_operations and the sums of a tool. NULLS LAST for the same reason.
CREATE INDEX idx_tool_operations_tool_id_created
ON omnimemory.tool_operations (tool_id, created_at DESC NULLS LAST);

-- list_operations by tool_name.
CREATE INDEX idx_tool_operations_name_created
ON omnimemory.tool_operations (tool_name, created_at);

-- list_operations by operation_mode.
CREATE INDEX idx_tool_operations_mode_created
ON omnimemory.tool_operations (operation_mode, created_at);

-- list_operations by both.
CREATE INDEX idx_tool_operations_name_mode_created
ON omnimemory.tool_operations (tool_name, operation_mode, created_at);
