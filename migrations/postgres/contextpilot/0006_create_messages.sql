-- Create messages.
-- depends: 0005_create_conversations
-- squawk-ignore-file prefer-bigint-over-int

CREATE TABLE contextpilot.messages (
    id bigint GENERATED ALWAYS AS IDENTITY,
    conversation_id text NOT NULL,
    role text NOT NULL,
    content text NOT NULL,
    timestamp timestamptz NOT NULL DEFAULT clock_timestamp(),
    tokens integer,
    finish_reason text,
    CONSTRAINT messages_pkey PRIMARY KEY (id),
    CONSTRAINT messages_conversation_id_fkey FOREIGN KEY (conversation_id)
    REFERENCES contextpilot.conversations (id) ON DELETE CASCADE,
    CONSTRAINT messages_conversation_id_check
    CHECK (octet_length(conversation_id) <= 1024),
    CONSTRAINT messages_role_check CHECK (role IN ('user', 'assistant', 'system'))
);

-- list_messages and conversation_tokens, which needs nothing but the index, and the foreign key.
CREATE INDEX idx_message_conversation_timestamp
ON contextpilot.messages (conversation_id, timestamp, id) INCLUDE (tokens);
