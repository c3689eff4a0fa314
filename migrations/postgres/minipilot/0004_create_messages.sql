-- Create messages.
-- depends: 0003_create_conversations

CREATE TABLE minipilot.messages (
    id uuid NOT NULL DEFAULT minipilot.uuid_v7(),
    conversation_id uuid NOT NULL,
    sender_type text NOT NULL,
    content text NOT NULL,
    role_metadata jsonb,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT messages_pkey PRIMARY KEY (id),
    CONSTRAINT messages_conversation_id_fkey FOREIGN KEY (conversation_id)
    REFERENCES minipilot.conversations (id) ON DELETE CASCADE,
    CONSTRAINT messages_sender_type_check
    CHECK (sender_type IN ('user', 'assistant', 'system'))
);

-- All reads by conversation, and the foreign key.
CREATE INDEX idx_message_conversation_created
ON minipilot.messages (conversation_id, created_at);

CREATE INDEX idx_message_sender_type ON minipilot.messages (sender_type);

-- Every column but updated_at itself; a new column joins this list.
CREATE TRIGGER messages_updated_at
BEFORE UPDATE OF id, conversation_id, sender_type, content, role_metadata, created_at
ON minipilot.messages
FOR EACH ROW EXECUTE FUNCTION minipilot.set_updated_at();
