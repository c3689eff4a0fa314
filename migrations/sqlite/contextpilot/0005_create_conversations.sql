-- Create conversations.
-- depends: 0004_refuse_superseding_cycles

-- The lengths are PostgreSQL's, whose B-tree entries hold 2704 bytes.
CREATE TABLE conversations (
    seq integer CONSTRAINT conversations_pkey PRIMARY KEY,
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
    task text NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    created_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    CONSTRAINT conversations_id_key UNIQUE (id),
    CONSTRAINT conversations_id_check CHECK (length(cast(id AS blob)) <= 1024),
    CONSTRAINT conversations_provider_check
    CHECK (length(cast(provider AS blob)) <= 1024),
    CONSTRAINT conversations_created_at_check
    CHECK (created_at GLOB '????-??-??T??:??:??.??????Z')
) STRICT;

-- list_conversations.
CREATE INDEX idx_conversation_created ON conversations (created_at);

-- list_conversations with a provider.
CREATE INDEX idx_conversation_provider_created ON conversations (provider, created_at);
