-- Conversations, each of one user or of none.
--
-- Lists are ordered by (created_at, id): ids rise with every row, so equal times keep the order of
-- insertion.
-- created_at is never null, so NULLS LAST changes no answer. It is the order of the indexes that begin
-- with user_id or status and not of idx_conversation_created, along which the planner would look for
-- the conversations of who owns many, past all newer ones of others.

-- row: Conversation(id uuid, user_id uuid?, title text?, status text, created_at timestamptz,
--     updated_at timestamptz)

-- name: create_conversation(
--     user_id uuid? = null, title text? = null, status text = 'active') :one Conversation
-- A new conversation; status is active or archived.
INSERT INTO minipilot.conversations (user_id, title, status)
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
FROM minipilot.conversations
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
FROM minipilot.conversations
WHERE
    user_id = :user_id
    AND status = :status -- if :status
ORDER BY created_at DESC NULLS LAST, id DESC
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
FROM minipilot.conversations
WHERE status = :status -- if :status
ORDER BY
    created_at DESC NULLS LAST, -- if :status
    created_at DESC,
    id DESC
LIMIT :limit OFFSET :offset;

-- name: update_conversation(
--     conversation_id uuid, title text? = null, status text? = null) :one Conversation
-- Null leaves a column as it is. None if there is no such conversation.
UPDATE minipilot.conversations
SET
    title = coalesce(:title, title),
    status = coalesce(:status, status)
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
UPDATE minipilot.conversations
SET
    status = 'archived'
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
DELETE FROM minipilot.conversations
WHERE id = :conversation_id;
