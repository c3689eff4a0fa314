-- Create conversations.
-- depends: 0004_refuse_superseding_cycles

-- The lengths keep each value within what a B-tree entry holds (2704 bytes).
CREATE TABLE contextpilot.conversations (
    id text NOT NULL DEFAULT contextpilot.uuid_v7()::text,
    task text NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT conversations_pkey PRIMARY KEY (id),
    CONSTRAINT conversations_id_check CHECK (octet_length(id) <= 1024),
    CONSTRAINT conversations_provider_check CHECK (octet_length(provider) <= 1024)
);

-- list_conversations.
CREATE INDEX idx_conversation_created
ON contextpilot.conversations (created_at, id);

-- list_conversations with a provider. NULLS LAST, though there are no nulls: it is an order that
-- idx_conversation_created does not have, so that no walk along that one is in question.
CREATE INDEX idx_conversation_provider_created
ON contextpilot.conversations (provider, created_at DESC NULLS LAST, id DESC);
