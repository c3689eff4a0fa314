-- Conversations, each of one user or of none.
--
-- Lists are ordered by (created_at, seq) where PostgreSQL says (created_at, id): an id made here has
-- only milliseconds, seq tells the order of insertion.
-- An update sets updated_at itself, for RETURNING does not see what a trigger changes: to now, or a
-- microsecond on where that would not be later.

-- row: Conversation(id uuid, user_id uuid?, title text?, status text, created_at timestamptz,
--     updated_at timestamptz)

-- name: create_conversation(
--     user_id uuid? = null, title text? = null, status text = 'active') :one Conversation
-- A new conversation; status is active or archived.
INSERT INTO conversations (user_id, title, status)
VALUES (:user_id, :title, :status)
RETURNING
    id,
    user_id,
    title,
    status,
    created_at,
    updated_at;

-- name: get_conversation_by_id(conversation_id uuid) :one Conversation
SELECT
    id,
    user_id,
    title,
    status,
    created_at,
    updated_at
FROM conversations
WHERE id = :conversation_id;

-- name: list_conversations_for_user(
--     user_id uuid, status text? = null, limit int = 100, offset int = 0) :many Conversation
-- Newest first.
SELECT
    id,
    user_id,
    title,
    status,
    created_at,
    updated_at
FROM conversations
WHERE
    user_id = :user_id
    AND status = :status -- if :status
ORDER BY created_at DESC, seq DESC
LIMIT :limit OFFSET :offset;

-- name: list_all_conversations(
--     status text? = null, limit int = 100, offset int = 0) :many Conversation
-- Newest first.
SELECT
    id,
    user_id,
    title,
    status,
    created_at,
    updated_at
FROM conversations
WHERE status = :status -- if :status
ORDER BY created_at DESC, seq DESC
LIMIT :limit OFFSET :offset;

-- name: update_conversation(
--     conversation_id uuid, title text? = null, status text? = null) :one Conversation
-- Null leaves a column as it is. None if there is no such conversation.
UPDATE conversations
SET
    title = coalesce(:title, title),
    status = coalesce(:status, status),
    updated_at = max(
        strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'),
        printf('%.20s%06dZ', updated_at, min(substr(updated_at, 21, 6) + 1, 999999))
    )
WHERE id = :conversation_id
RETURNING
    id,
    user_id,
    title,
    status,
    created_at,
    updated_at;

-- name: archive_conversation(conversation_id uuid) :one Conversation
-- Sets status to archived. None if there is no such conversation.
UPDATE conversations
SET
    status = 'archived',
    updated_at = max(
        strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'),
        printf('%.20s%06dZ', updated_at, min(substr(updated_at, 21, 6) + 1, 999999))
    )
WHERE id = :conversation_id
RETURNING
    id,
    user_id,
    title,
    status,
    created_at,
    updated_at;

-- name: delete_conversation(conversation_id uuid) :affected
-- With its messages.
-- growth: its messages are deleted one by one, and they may be many
DELETE FROM conversations
WHERE id = :conversation_id;
