-- Create conversations.
-- depends: 0002_create_users

CREATE TABLE minipilot.conversations (
    id uuid NOT NULL DEFAULT minipilot.uuid_v7(),
    user_id uuid,
    title text,
    status text NOT NULL DEFAULT 'active',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT conversations_pkey PRIMARY KEY (id),
    CONSTRAINT conversations_user_id_fkey FOREIGN KEY (user_id)
    REFERENCES minipilot.users (id) ON DELETE CASCADE,
    CONSTRAINT conversations_status_check CHECK (status IN ('active', 'archived'))
);

-- The store's contract names this one; idx_conversation_user_status_created begins with its
-- columns and could serve in its place.
CREATE INDEX idx_conversation_user_status ON minipilot.conversations (user_id, status);

-- list_all_conversations.
CREATE INDEX idx_conversation_created ON minipilot.conversations (created_at);

-- list_all_conversations with a status. NULLS LAST, here and below, though there are no nulls: it is an
-- order that idx_conversation_created does not have, so that no walk along that one is in question.
CREATE INDEX idx_conversation_status_created
ON minipilot.conversations (status, created_at DESC NULLS LAST);

-- list_conversations_for_user, and the foreign key.
CREATE INDEX idx_conversation_user_created
ON minipilot.conversations (user_id, created_at DESC NULLS LAST);

-- list_conversations_for_user with a status.
CREATE INDEX idx_conversation_user_status_created
ON minipilot.conversations (user_id, status, created_at DESC NULLS LAST);

-- Every column but updated_at itself; a new column joins this list.
CREATE TRIGGER conversations_updated_at
BEFORE UPDATE OF id, user_id, title, status, created_at ON minipilot.conversations
FOR EACH ROW EXECUTE FUNCTION minipilot.set_updated_at();
