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
-- Look-ups by scalar subqueries and row by row, for a join would be planned without knowing the
-- limit, and read the whole table.
WITH finished AS (
    SELECT
        id,
        created_at
    FROM minipilot.conversations
    WHERE
        created_at < :cutoff
        AND updated_at < :cutoff
        AND (
            SELECT newer.id
            FROM minipilot.messages AS newer
            WHERE
                newer.conversation_id = conversations.id
                AND newer.created_at >= :cutoff
            ORDER BY newer.created_at
            LIMIT 1
        ) IS NULL
    ORDER BY created_at, id
    LIMIT :limit
),

oldest AS (
    SELECT messages.id
    FROM finished
    CROSS JOIN
        LATERAL (
            SELECT
                listed.id,
                listed.created_at
            FROM minipilot.messages AS listed
            WHERE listed.conversation_id = finished.id
            ORDER BY listed.created_at, listed.id
            LIMIT :limit
        ) AS messages
    ORDER BY finished.created_at, finished.id, messages.created_at, messages.id
    LIMIT :limit
)

DELETE FROM minipilot.messages
WHERE id = any(array(SELECT oldest.id FROM oldest));

-- name: delete_conversations_before(cutoff timestamptz, limit int = 1000) :affected
-- prune: conversations that are over, once they have no messages
-- growth: conversations begun before the cutoff and still written to are passed over
WITH finished AS (
    SELECT
        id,
        created_at
    FROM minipilot.conversations
    WHERE
        created_at < :cutoff
        AND updated_at < :cutoff
        AND (
            SELECT newer.id
            FROM minipilot.messages AS newer
            WHERE
                newer.conversation_id = conversations.id
                AND newer.created_at >= :cutoff
            ORDER BY newer.created_at
            LIMIT 1
        ) IS NULL
    ORDER BY created_at, id
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
)

DELETE FROM minipilot.conversations
WHERE
    id = any(
        array(
            SELECT finished.id
            FROM finished
            WHERE
                (
                    SELECT messages.id
                    FROM minipilot.messages
                    WHERE messages.conversation_id = finished.id
                    ORDER BY messages.created_at
                    LIMIT 1
                ) IS NULL
        )
    );

-- name: count_messages_before(cutoff timestamptz) :scalar bigint
-- What delete_messages_before deletes of this cutoff, all batches together.
-- plan: a count reads what it counts
-- growth: a count reads what it counts
SELECT count(*) AS messages
FROM minipilot.conversations
INNER JOIN minipilot.messages ON conversations.id = messages.conversation_id
WHERE
    conversations.created_at < :cutoff
    AND conversations.updated_at < :cutoff
    AND NOT EXISTS (
        SELECT newer.id
        FROM minipilot.messages AS newer
        WHERE
            newer.conversation_id = conversations.id
            AND newer.created_at >= :cutoff
    );

-- name: count_conversations_before(cutoff timestamptz) :scalar bigint
-- What delete_conversations_before deletes of this cutoff, all batches together.
-- plan: a count reads what it counts
-- growth: a count reads what it counts
SELECT count(*) AS conversations
FROM minipilot.conversations
WHERE
    conversations.created_at < :cutoff
    AND conversations.updated_at < :cutoff
    AND NOT EXISTS (
        SELECT newer.id
        FROM minipilot.messages AS newer
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
FROM minipilot.conversations
WHERE user_id = :user_id
ORDER BY created_at NULLS FIRST, id;

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
FROM minipilot.conversations
INNER JOIN minipilot.messages ON conversations.id = messages.conversation_id
WHERE conversations.user_id = :user_id
ORDER BY
    conversations.created_at NULLS FIRST,
    conversations.id,
    messages.created_at,
    messages.id;

-- name: delete_user_messages(user_id uuid, limit int = 10000) :affected
-- erase: the messages of the user's conversations
-- plan: to sort a user's conversations may cost less than to fetch them one by one in their order
-- Deletes messages of the oldest of them, at most limit: one batch; call it until it gives 0. Of the
-- conversations at most limit are looked at, which delete_user_conversations then takes away.
WITH owned AS (
    SELECT
        id,
        created_at
    FROM minipilot.conversations
    WHERE user_id = :user_id
    ORDER BY created_at NULLS FIRST, id
    LIMIT :limit
),

oldest AS (
    SELECT messages.id
    FROM owned
    CROSS JOIN
        LATERAL (
            SELECT
                listed.id,
                listed.created_at
            FROM minipilot.messages AS listed
            WHERE listed.conversation_id = owned.id
            ORDER BY listed.created_at, listed.id
            LIMIT :limit
        ) AS messages
    ORDER BY owned.created_at NULLS FIRST, owned.id, messages.created_at, messages.id
    LIMIT :limit
)

DELETE FROM minipilot.messages
WHERE id = any(array(SELECT oldest.id FROM oldest));

-- name: delete_user_conversations(user_id uuid, limit int = 1000) :affected
-- erase: the user's conversations
-- plan: to sort a user's conversations may cost less than to fetch them one by one in their order
-- Of the oldest of them, at most limit, deletes those without messages: one batch.
WITH owned AS (
    SELECT id
    FROM minipilot.conversations
    WHERE user_id = :user_id
    ORDER BY created_at NULLS FIRST, id
    LIMIT :limit
)

DELETE FROM minipilot.conversations
WHERE
    id = any(
        array(
            SELECT owned.id
            FROM owned
            WHERE
                (
                    SELECT messages.id
                    FROM minipilot.messages
                    WHERE messages.conversation_id = owned.id
                    ORDER BY messages.created_at
                    LIMIT 1
                ) IS NULL
        )
    );
