-- Create conversation history.
-- depends: 0002_create_user_preferences

-- The lengths keep (user_id, session_id) within what a B-tree entry holds (2704 bytes).
CREATE TABLE duiliocode.conversation_history (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    user_id text NOT NULL,
    session_id text NOT NULL,
    role text NOT NULL,
    content text NOT NULL,
    model text,
    workspace_path text,
    extra_data jsonb,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT conversation_history_pkey PRIMARY KEY (id),
    CONSTRAINT conversation_history_user_id_check
    CHECK (octet_length(user_id) <= 1024),
    CONSTRAINT conversation_history_session_id_check
    CHECK (octet_length(session_id) <= 1024),
    CONSTRAINT conversation_history_role_check
    CHECK (role IN ('user', 'assistant', 'system'))
);

-- recent_messages, and look-ups by user_id. NULLS LAST, though there are no nulls: it is an order that
-- idx_history_created does not have, so that no walk along that one is in question.
CREATE INDEX idx_history_user_created
ON duiliocode.conversation_history (user_id, created_at DESC NULLS LAST);

-- get_conversation_history, delete_session_history.
CREATE INDEX idx_history_user_session_created
ON duiliocode.conversation_history (user_id, session_id, created_at);

-- No query of the store; the contract asks for look-ups by session_id and created_at alone.
CREATE INDEX idx_history_session_created
ON duiliocode.conversation_history (session_id, created_at);

CREATE INDEX idx_history_created ON duiliocode.conversation_history (created_at);
