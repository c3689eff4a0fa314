-- Messages of the conversations.
--
-- Lists are ordered by (created_at, id): ids rise with every row, so equal times keep the order of
-- insertion.

-- row: Message(id uuid, conversation_id uuid, sender_type text, content text, role_metadata json?,
--     created_at timestamptz, updated_at timestamptz)

-- name: add_message(
--     conversation_id uuid, sender_type text, content text, role_metadata json? = null) :one Message
-- A new message; sender_type is user, assistant or system.
INSERT INTO minipilot.messages (conversation_id, sender_type, content, role_metadata)
VALUES (:conversation_id, :sender_type, :content, :role_metadata)
RETURNING
    id,
    conversation_id,
    sender_type,
    content,
    role_metadata,
    created_at,
    updated_at;

-- name: get_message_by_id(message_id uuid) :one Message
SELECT
    id,
    conversation_id,
    sender_type,
    content,
    role_metadata,
    created_at,
    updated_at
FROM minipilot.messages
WHERE id = :message_id;

-- name: list_messages_for_conversation(
--     conversation_id uuid, sender_type text? = null, limit int = 100, offset int = 0) :many Message
-- Oldest first. A sender_type is looked for along the conversation: with three values it has no
-- index of its own there.
SELECT
    id,
    conversation_id,
    sender_type,
    content,
    role_metadata,
    created_at,
    updated_at
FROM minipilot.messages
WHERE
    conversation_id = :conversation_id
    AND sender_type = :sender_type -- if :sender_type
ORDER BY created_at, id
LIMIT :limit OFFSET :offset;

-- name: list_messages_after(
--     conversation_id uuid, after_id uuid? = null, limit int = 100) :many Message
-- Oldest first, those after the message after_id, or from the start; page by passing the last id seen.
-- An after_id that is not (or no longer) a message of this conversation gives no rows.
SELECT
    id,
    conversation_id,
    sender_type,
    content,
    role_metadata,
    created_at,
    updated_at
FROM minipilot.messages
WHERE
    conversation_id = :conversation_id
    AND (created_at, id) > ( -- if :after_id
        SELECT -- if :after_id
            last_seen.created_at, -- if :after_id
            last_seen.id -- if :after_id
        FROM minipilot.messages AS last_seen -- if :after_id
        WHERE -- if :after_id
            last_seen.id = :after_id -- if :after_id
            AND last_seen.conversation_id = :conversation_id -- if :after_id
    ) -- if :after_id
ORDER BY created_at, id
LIMIT :limit;

-- name: get_conversation_message_count(conversation_id uuid) :scalar bigint
-- 0 also where there is no such conversation.
-- growth: a count reads what it counts, here from the index alone
SELECT count(*) AS messages
FROM minipilot.messages
WHERE conversation_id = :conversation_id;

-- name: delete_message(message_id uuid) :affected
DELETE FROM minipilot.messages
WHERE id = :message_id;
