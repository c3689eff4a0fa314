-- Conversations with a model, each about one task.
--
-- Lists are ordered by (created_at, seq) where PostgreSQL says (created_at, id): a time here has only
-- milliseconds, seq tells the order of insertion.

-- row: Conversation(id text, task text, provider text, model text, created_at timestamptz)

-- name: create_conversation(
--     task text, provider text, model text, id text? = null) :one Conversation
-- A new conversation; without an id the database makes one.
INSERT INTO conversations (
    id, -- if :id
    task,
    provider,
    model
)
VALUES (
    :id, -- if :id
    :task,
    :provider,
    :model
)
RETURNING
    id,
    task,
    provider,
    model,
    created_at;

-- name: get_conversation(id text) :one Conversation
SELECT
    id,
    task,
    provider,
    model,
    created_at
FROM conversations
WHERE id = :id;

-- name: list_conversations(
--     provider text? = null, limit int = 100, offset int = 0) :many Conversation
-- Newest first.
SELECT
    id,
    task,
    provider,
    model,
    created_at
FROM conversations
WHERE provider = :provider -- if :provider
ORDER BY created_at DESC, seq DESC
LIMIT :limit OFFSET :offset;

-- name: delete_conversation(id text) :affected
-- With its messages.
-- growth: its messages are deleted one by one, and they may be many
DELETE FROM conversations
WHERE id = :id;
