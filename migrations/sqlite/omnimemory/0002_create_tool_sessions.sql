-- Create tool sessions.
-- depends: 0001_create_functions

-- AUTOINCREMENT: an id is never given twice, as in PostgreSQL.
CREATE TABLE tool_sessions (
    id integer CONSTRAINT tool_sessions_pkey PRIMARY KEY AUTOINCREMENT,
    session_id text NOT NULL DEFAULT (
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
    tool_id text NOT NULL,
    tool_version text,
    started_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    ended_at text,
    last_activity text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    total_compressions integer NOT NULL DEFAULT 0,
    total_embeddings integer NOT NULL DEFAULT 0,
    total_workflows integer NOT NULL DEFAULT 0,
    tokens_saved integer NOT NULL DEFAULT 0,
    CONSTRAINT tool_sessions_session_id_key UNIQUE (session_id),
    CONSTRAINT tool_sessions_tool_id_check CHECK (length(tool_id) <= 50),
    CONSTRAINT tool_sessions_tool_version_check CHECK (length(tool_version) <= 50),
    -- PostgreSQL's integer; bigint is what SQLite's is.
    CONSTRAINT tool_sessions_total_compressions_check
    CHECK (total_compressions BETWEEN -2147483648 AND 2147483647),
    CONSTRAINT tool_sessions_total_embeddings_check
    CHECK (total_embeddings BETWEEN -2147483648 AND 2147483647),
    CONSTRAINT tool_sessions_total_workflows_check
    CHECK (total_workflows BETWEEN -2147483648 AND 2147483647),
    CONSTRAINT tool_sessions_session_id_check
    CHECK (
        session_id GLOB '????????-????-????-????-????????????'
        AND session_id = lower(session_id)
    ),
    CONSTRAINT tool_sessions_started_at_check
    CHECK (started_at GLOB '????-??-??T??:??:??.??????Z'),
    CONSTRAINT tool_sessions_ended_at_check
    CHECK (ended_at GLOB '????-??-??T??:??:??.??????Z'),
    CONSTRAINT tool_sessions_last_activity_check
    CHECK (last_activity GLOB '????-??-??T??:??:??.??????Z')
) STRICT;

-- list_sessions.
CREATE INDEX idx_tool_sessions_started ON tool_sessions (started_at);

-- list_sessions of a tool.
CREATE INDEX idx_tool_sessions_tool_started ON tool_sessions (tool_id, started_at);

-- list_sessions by active.
CREATE INDEX idx_tool_sessions_active_started
ON tool_sessions (ended_at IS NULL, started_at);

-- list_sessions of a tool by active.
CREATE INDEX idx_tool_sessions_tool_active_started
ON tool_sessions (tool_id, ended_at IS NULL, started_at);
