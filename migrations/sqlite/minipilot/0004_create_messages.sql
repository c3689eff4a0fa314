-- Create messages.
-- depends: 0003_create_conversations

CREATE TABLE messages (
    seq integer CONSTRAINT messages_pkey PRIMARY KEY,
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
    conversation_id text NOT NULL,
    sender_type text NOT NULL,
    content text NOT NULL,
    role_metadata text,
    created_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    updated_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    CONSTRAINT messages_id_key UNIQUE (id),
    CONSTRAINT messages_conversation_id_fkey FOREIGN KEY (conversation_id)
    REFERENCES conversations (id) ON DELETE CASCADE,
    CONSTRAINT messages_sender_type_check
    CHECK (sender_type IN ('user', 'assistant', 'system')),
    CONSTRAINT messages_role_metadata_check
    CHECK (role_metadata IS NULL OR json_valid(role_metadata)),
    CONSTRAINT messages_id_check
    CHECK (id GLOB '????????-????-????-????-????????????' AND id = lower(id)),
    CONSTRAINT messages_created_at_check
    CHECK (created_at GLOB '????-??-??T??:??:??.??????Z'),
    CONSTRAINT messages_updated_at_check
    CHECK (updated_at GLOB '????-??-??T??:??:??.??????Z')
) STRICT;

-- All reads by conversation, and the foreign key.
CREATE INDEX idx_message_conversation_created ON messages (conversation_id, created_at);

CREATE INDEX idx_message_sender_type ON messages (sender_type);

-- Every column but updated_at itself; a new column joins this list.
CREATE TRIGGER messages_updated_at
AFTER UPDATE OF id, conversation_id, sender_type, content, role_metadata, created_at
ON messages
WHEN NEW.updated_at = OLD.updated_at
BEGIN
    UPDATE messages
    SET
        updated_at = max(
            strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'),
            printf(
                '%.20s%06dZ',
                updated_at, min(substr(updated_at, 21, 6) + 1, 999999)
            )
        )
    WHERE seq = NEW.seq;
END;
