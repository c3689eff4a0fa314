-- Conversations that are over, for the clean-up; and what one user has, to be exported or erased.
--
-- A conversation is over at a cutoff when it has neither changed since nor got a message. The clean-up
-- takes the oldest of these, at most limit of them, and deletes first their messages, at most limit as
-- well, and then those that have no more: neither the number nor the length of conversations makes one
-- batch longer. Users and knowledge are never cleaned up.

-- row: Conversation(id uuid, user_id uuid?, title text?, status text, created_at timestamptz,
--     updated_at timestamptz)

-- row: Message(id uuid, conversation_id uuid, sender_type text, content text, role_metadata json?,
--     created_at timestamptz, updated_at timestamptz)

-- name: delete_messages_before(cutoff timestamptz, limit int = 10000) :affected
-- prune: messages of conversations that are over, by the conversation's last change or message
-- growth: conversations begun before the cutoff and still written to are passed over
-- A tenth of limit conversations are looked at here: what they have is sorted, all of it.
WITH finished AS (
    SELECT
        conversations.seq,
        conversations.id,
        conversations.created_at
    FROM conversations
    WHERE
        conversations.created_at < :cutoff
        AND conversations.updated_at < :cutoff
        AND NOT EXISTS (
            SELECT newer.id
            FROM messages AS newer
            WHERE
                newer.conversation_id = conversations.id
                AND newer.created_at >= :cutoff
        )
    ORDER BY conversations.created_at, conversations.seq
    LIMIT (:limit / 10 + 1)
)

DELETE FROM messages
WHERE
    seq IN (
        SELECT oldest.seq
        FROM finished
        CROSS JOIN messages AS oldest
        WHERE
            oldest.seq IN (
                SELECT listed.seq
                FROM messages AS listed
                WHERE listed.conversation_id = finished.id
                ORDER BY listed.created_at, listed.seq
                LIMIT :limit
            )
        ORDER BY finished.created_at, finished.seq, oldest.created_at, oldest.seq
        LIMIT :limit
    );

-- name: delete_conversations_before(cutoff timestamptz, limit int = 1000) :affected
-- prune: conversations that are over, once they have no messages
-- growth: conversations begun before the cutoff and still written to are passed over
DELETE FROM conversations
WHERE
    seq IN (
        SELECT finished.seq
        FROM conversations AS finished
        WHERE
            finished.created_at < :cutoff
            AND finished.updated_at < :cutoff
            AND NOT EXISTS (
                SELECT newer.id
                FROM messages AS newer
                WHERE
                    newer.conversation_id = finished.id
                    AND newer.created_at >= :cutoff
            )
        ORDER BY finished.created_at, finished.seq
        LIMIT :limit
    )
    AND NOT EXISTS (
        SELECT messages.id
        FROM messages
        WHERE messages.conversation_id = conversations.id
    );

-- name: count_messages_before(cutoff timestamptz) :scalar bigint
-- What delete_messages_before deletes of this cutoff, all batches together.
-- plan: a count reads what it counts
-- growth: a count reads what it counts
SELECT count(*) AS messages
FROM conversations
INNER JOIN messages ON conversations.id = messages.conversation_id
WHERE
    conversations.created_at < :cutoff
    AND conversations.updated_at < :cutoff
    AND NOT EXISTS (
        SELECT newer.id
        FROM messages AS newer
        WHERE
            newer.conversation_id = conversations.id
            AND newer.created_at >= :cutoff
    );

-- name: count_conversations_before(cutoff timestamptz) :scalar bigint
-- What delete_conversations_before deletes of this cutoff, all batches together.
-- plan: a count reads what it counts
-- growth: a count reads what it counts
SELECT count(*) AS conversations
FROM conversations
WHERE
    conversations.created_at < :cutoff
    AND conversations.updated_at < :cutoff
    AND NOT EXISTS (
        SELECT newer.id
        FROM messages AS newer
        WHERE
            newer.conversation_id = conversations.id
            AND newer.created_at >= :cutoff
    );

-- name: export_conversations(user_id uuid) :stream Conversation
-- export: the user's conversations
-- Oldest first.
-- all: everything is asked for
-- plan: of who has much of the table all is read in one go, and sorted
-- growth: a user may have many conversations
SELECT
    id,
    user_id,
    title,
    status,
    created_at,
    updated_at
FROM conversations
WHERE user_id = :user_id
ORDER BY created_at, seq;

-- name: export_messages(user_id uuid) :stream Message
-- export: the messages of the user's conversations
-- Conversation by conversation, oldest first.
-- all: everything is asked for
-- plan: of who has much of the table all is read in one go, and sorted
-- growth: a user may have many messages
SELECT
    messages.id,
    messages.conversation_id,
    messages.sender_type,
    messages.content,
    messages.role_metadata,
    messages.created_at,
    messages.updated_at
FROM conversations
INNER JOIN messages ON conversations.id = messages.conversation_id
WHERE conversations.user_id = :user_id
ORDER BY
    conversations.created_at,
    conversations.seq,
    messages.created_at,
    messages.seq;

-- name: delete_user_messages(user_id uuid, limit int = 10000) :affected
-- erase: the messages of the user's conversations
-- Deletes messages of the oldest of them, at most limit: one batch; call it until it gives 0. Of the
-- conversations at most a tenth of limit are looked at (what they have is sorted, all of it), which
-- delete_user_conversations then takes away.
WITH owned AS (
    SELECT
        seq,
        id,
        created_at
    FROM conversations
    WHERE user_id = :user_id
    ORDER BY created_at, seq
    LIMIT (:limit / 10 + 1)
)

DELETE FROM messages
WHERE
    seq IN (
        SELECT oldest.seq
        FROM owned
        CROSS JOIN messages AS oldest
        WHERE
            oldest.seq IN (
                SELECT listed.seq
                FROM messages AS listed
                WHERE listed.conversation_id = owned.id
                ORDER BY listed.created_at, listed.seq
                LIMIT :limit
            )
        ORDER BY owned.created_at, owned.seq, oldest.created_at, oldest.seq
        LIMIT :limit
    );

-- name: delete_user_conversations(user_id uuid, limit int = 1000) :affected
-- erase: the user's conversations
-- Of the oldest of them, at most limit, deletes those without messages: one batch.
DELETE FROM conversations
WHERE
    seq IN (
        SELECT owned.seq
        FROM conversations AS owned
        WHERE owned.user_id = :user_id
        ORDER BY owned.created_at, owned.seq
        LIMIT :limit
    )
    AND NOT EXISTS (
        SELECT messages.id
        FROM messages
        WHERE messages.conversation_id = conversations.id
    );
