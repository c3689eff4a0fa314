-- Create conversations.
-- depends: 0002_create_users

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
    user_id text,
    title text,
    status text NOT NULL DEFAULT 'active',
    created_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    updated_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    CONSTRAINT conversations_id_key UNIQUE (id),
    CONSTRAINT conversations_user_id_fkey FOREIGN KEY (user_id)
    REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT conversations_status_check CHECK (status IN ('active', 'archived')),
    CONSTRAINT conversations_id_check
    CHECK (id GLOB '????????-????-????-????-????????????' AND id = lower(id)),
    CONSTRAINT conversations_created_at_check
    CHECK (created_at GLOB '????-??-??T??:??:??.??????Z'),
    CONSTRAINT conversations_updated_at_check
    CHECK (updated_at GLOB '????-??-??T??:??:??.??????Z')
) STRICT;

-- The store's contract names this one; idx_conversation_user_status_created begins with its
-- columns and could serve in its place.
CREATE INDEX idx_conversation_user_status ON conversations (user_id, status);

-- list_all_conversations.
CREATE INDEX idx_conversation_created ON conversations (created_at);

-- list_all_conversations with a status.
CREATE INDEX idx_conversation_status_created ON conversations (status, created_at);

-- list_conversations_for_user, and the foreign key.
CREATE INDEX idx_conversation_user_created ON conversations (user_id, created_at);

-- list_conversations_for_user with a status.
CREATE INDEX idx_conversation_user_status_created
ON conversations (user_id, status, created_at);

-- Every column but updated_at itself; a new column joins this list.
CREATE TRIGGER conversations_updated_at
AFTER UPDATE OF id, user_id, title, status, created_at ON conversations
WHEN NEW.updated_at = OLD.updated_at
BEGIN
    UPDATE conversations
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
