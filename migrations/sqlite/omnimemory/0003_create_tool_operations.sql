-- Create tool operations.
-- depends: 0002_create_tool_sessions

-- seq is the rowid: the order of insertion, which a UUIDv7 of whole milliseconds cannot tell;
-- as a column of the table it survives VACUUM. Rows never return it.
-- is_recorded: 1 in a row that record_operation made, whose tokens the trigger below adds to the
-- session. A row inserted by hand or copied changes no session, as in PostgreSQL.
CREATE TABLE tool_operations (
    seq integer CONSTRAINT tool_operations_pkey PRIMARY KEY,
    id text NOT NULL DEFAULT (
        printf(
            '%08x-%04x-7%03x-%04x-%s',
            cast(strftime('%s', 'now') || substr(strftime('%f', 'now'), 4) AS integer)
            >> 16,
            cast(strftime('%s', 'now') || substr(strftime('%f', 'now'), 4) AS integer)
            & 65535,
            random() & 4095,
            32768 | (random() & 16383),
            lower(hex(randomblob(6)))
        )
    ),
    session_id text NOT NULL,
    tool_name text NOT NULL,
    operation_mode text NOT NULL,
    parameters text,
    file_path text,
    tokens_original integer NOT NULL,
    tokens_actual integer NOT NULL,
    tokens_prevented integer NOT NULL,
    response_time_ms real NOT NULL,
    created_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    tool_id text NOT NULL,
    is_recorded integer NOT NULL DEFAULT 0,
    CONSTRAINT tool_operations_id_key UNIQUE (id),
    CONSTRAINT tool_operations_session_id_fkey FOREIGN KEY (session_id)
    REFERENCES tool_sessions (session_id) ON DELETE CASCADE,
    CONSTRAINT tool_operations_tool_name_check CHECK (tool_name IN ('read', 'search')),
    CONSTRAINT tool_operations_operation_mode_check
    CHECK (operation_mode IN ('full', 'overview', 'symbol', 'semantic', 'tri_index')),
    CONSTRAINT tool_operations_parameters_check
    CHECK (parameters IS NULL OR json_valid(parameters)),
    CONSTRAINT tool_operations_file_path_check CHECK (length(file_path) <= 512),
    CONSTRAINT tool_operations_tokens_original_check
    CHECK (tokens_original BETWEEN 0 AND 2147483647),
    CONSTRAINT tool_operations_tokens_actual_check
    CHECK (tokens_actual BETWEEN 0 AND 2147483647),
    CONSTRAINT tool_operations_tokens_prevented_check
    CHECK (tokens_prevented BETWEEN 0 AND 2147483647),
    -- 9e999 is infinity: one would be every average and percentile it is part of.
    CONSTRAINT tool_operations_response_time_ms_check
    CHECK (response_time_ms >= 0 AND response_time_ms < 9e999),
    CONSTRAINT tool_operations_tool_id_check CHECK (length(tool_id) <= 50),
    CONSTRAINT tool_operations_is_recorded_check CHECK (is_recorded IN (0, 1)),
    CONSTRAINT tool_operations_id_check
    CHECK (id GLOB '????????-????-????-????-????????????' AND id = lower(id)),
    CONSTRAINT tool_operations_created_at_check
    CHECK (created_at GLOB '????-??-??T??:??:??.??????Z')
) STRICT;

-- list_session_operations, and the foreign key.
CREATE INDEX idx_session_created ON tool_operations (session_id, created_at);

-- The store's contract names this one; idx_tool_operations_name_mode_created begins with its
-- columns and could serve in its place.
CREATE INDEX idx_tool_operation ON tool_operations (tool_name, operation_mode);

-- The store's contract names this one; idx_session_created begins with its column.
CREATE INDEX idx_tool_operations_session_id ON tool_operations (session_id);

-- The store's contract names this one; idx_tool_operation begins with its column.
CREATE INDEX idx_tool_operations_tool_name ON tool_operations (tool_name);

-- The store's contract names this one; idx_tool_operations_mode_created begins with its column.
CREATE INDEX idx_tool_operations_operation_mode ON tool_operations (operation_mode);

-- list_operations and the sums over a span of time; delete_operations_before.
CREATE INDEX idx_tool_operations_created_at ON tool_operations (created_at);

-- list_operations and the sums of a tool.
CREATE INDEX idx_tool_operations_tool_id_created
ON tool_operations (tool_id, created_at);

-- list_operations by tool_name.
CREATE INDEX idx_tool_operations_name_created
ON tool_operations (tool_name, created_at);

-- list_operations by operation_mode.
CREATE INDEX idx_tool_operations_mode_created
ON tool_operations (operation_mode, created_at);

-- list_operations by both.
CREATE INDEX idx_tool_operations_name_mode_created
ON tool_operations (tool_name, operation_mode, created_at);

-- last_activity moves to now, or by a microsecond where that would not be later.
CREATE TRIGGER tool_operations_totals
AFTER INSERT ON tool_operations
WHEN NEW.is_recorded
BEGIN
    UPDATE tool_sessions
    SET
        tokens_saved = tokens_saved + NEW.tokens_prevented,
        last_activity = max(
            strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'),
            printf(
                '%.20s%06dZ',
                last_activity, min(substr(last_activity, 21, 6) + 1, 999999)
            )
        )
    WHERE session_id = NEW.session_id;
END;
