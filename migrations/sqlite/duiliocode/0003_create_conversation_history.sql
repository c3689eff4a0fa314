-- Create conversation history.
-- depends: 0002_create_user_preferences

-- The lengths are PostgreSQL's, whose B-tree entries hold 2704 bytes.
CREATE TABLE conversation_history (
    id integer CONSTRAINT conversation_history_pkey PRIMARY KEY AUTOINCREMENT,
    user_id text NOT NULL,
    session_id text NOT NULL,
    role text NOT NULL,
    content text NOT NULL,
    model text,
    workspace_path text,
    extra_data text,
    created_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    CONSTRAINT conversation_history_user_id_check
    CHECK (length(cast(user_id AS blob)) <= 1024),
    CONSTRAINT conversation_history_session_id_check
    CHECK (length(cast(session_id AS blob)) <= 1024),
    CONSTRAINT conversation_history_role_check
    CHECK (role IN ('user', 'assistant', 'system')),
    CONSTRAINT conversation_history_extra_data_check
    CHECK (extra_data IS NULL OR json_valid(extra_data)),
    CONSTRAINT conversation_history_created_at_check
    CHECK (created_at GLOB '????-??-??T??:??:??.??????Z')
) STRICT;

-- recent_messages, and look-ups by user_id.
CREATE INDEX idx_history_user_created ON conversation_history (user_id, created_at);

-- get_conversation_history, delete_session_history.
CREATE INDEX idx_history_user_session_created
ON conversation_history (user_id, session_id, created_at);

-- No query of the store; the contract asks for look-ups by session_id and created_at alone.
CREATE INDEX idx_history_session_created
ON conversation_history (session_id, created_at);

CREATE INDEX idx_history_created ON conversation_history (created_at);
