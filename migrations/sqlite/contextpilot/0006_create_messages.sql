-- Create messages.
-- depends: 0005_create_conversations

-- AUTOINCREMENT: as on PostgreSQL, the id of a message that was deleted is not used again.
CREATE TABLE messages (
    id integer CONSTRAINT messages_pkey PRIMARY KEY AUTOINCREMENT,
    conversation_id text NOT NULL,
    role text NOT NULL,
    content text NOT NULL,
    timestamp text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    tokens integer,
    finish_reason text,
    CONSTRAINT messages_conversation_id_fkey FOREIGN KEY (conversation_id)
    REFERENCES conversations (id) ON DELETE CASCADE,
    CONSTRAINT messages_conversation_id_check
    CHECK (length(cast(conversation_id AS blob)) <= 1024),
    CONSTRAINT messages_role_check CHECK (role IN ('user', 'assistant', 'system')),
    CONSTRAINT messages_timestamp_check
    CHECK (timestamp GLOB '????-??-??T??:??:??.??????Z')
) STRICT;

-- list_messages and conversation_tokens, which needs nothing but the index, and the foreign key.
CREATE INDEX idx_message_conversation_timestamp
ON messages (conversation_id, timestamp, id, tokens);
