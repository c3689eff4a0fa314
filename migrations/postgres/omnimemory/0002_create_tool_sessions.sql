-- Create tool sessions.
-- depends: 0001_create_functions
-- squawk-ignore-file prefer-bigint-over-int

-- A session's row is updated with each of its operations: no index holds a column that changes
-- then, and each page keeps room for the next version (fillfactor), so no index is touched.
CREATE TABLE omnimemory.tool_sessions (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    session_id uuid NOT NULL DEFAULT omnimemory.uuid_v7(),
    tool_id text NOT NULL,
    tool_version text,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    last_activity timestamptz NOT NULL DEFAULT clock_timestamp(),
    total_compressions integer NOT NULL DEFAULT 0,
    total_embeddings integer NOT NULL DEFAULT 0,
    total_workflows integer NOT NULL DEFAULT 0,
    tokens_saved bigint NOT NULL DEFAULT 0,
    CONSTRAINT tool_sessions_pkey PRIMARY KEY (id),
    CONSTRAINT tool_sessions_session_id_key UNIQUE (session_id),
    CONSTRAINT tool_sessions_tool_id_check CHECK (char_length(tool_id) <= 50),
    CONSTRAINT tool_sessions_tool_version_check CHECK (char_length(tool_version) <= 50)
) WITH (fillfactor = 80);

-- list_sessions.
CREATE INDEX idx_tool_sessions_started ON omnimemory.tool_sessions (started_at);

-- list_sessions of a tool. NULLS LAST, here and below, though there are no nulls: it is an order that
-- idx_tool_sessions_started does not have, so that no walk along that one is in question.
CREATE INDEX idx_tool_sessions_tool_started
ON omnimemory.tool_sessions (tool_id, started_at DESC NULLS LAST);

-- list_sessions by active: a number, for the planner takes a comparison of truth values apart
-- and would then use the index for one of the two only.
CREATE INDEX idx_tool_sessions_active_started
ON omnimemory.tool_sessions (((ended_at IS NULL)::integer), started_at DESC NULLS LAST);

-- list_sessions of a tool by active.
CREATE INDEX idx_tool_sessions_tool_active_started
ON omnimemory.tool_sessions (
    tool_id, ((ended_at IS NULL)::integer), started_at DESC NULLS LAST
);
