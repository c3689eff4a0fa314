-- Conversations with a model, each about one task.
--
-- Lists are ordered by (created_at, id): two rows of one moment, which one caller cannot make,
-- still have an order.
-- created_at is never null, so NULLS LAST changes no answer. It is the order of the index that begins
-- with provider and not of idx_conversation_created, along which the planner would look for the
-- conversations of a provider that has many, past all newer ones of others.

-- row: Conversation(id text, task text, provider text, model text, created_at timestamptz)

-- name: create_conversation(
--     task text, provider text, model text, id text? = null) :one Conversation
-- A new conversation; without an id the database makes one.
INSERT INTO contextpilot.conversations (
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
FROM contextpilot.conversations
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
FROM contextpilot.conversations
WHERE provider = :provider -- if :provider
ORDER BY
    created_at DESC NULLS LAST, -- if :provider
    created_at DESC,
    id DESC
LIMIT :limit OFFSET :offset;

-- name: delete_conversation(id text) :affected
-- With its messages.
-- growth: its messages are deleted one by one, and they may be many
DELETE FROM contextpilot.conversations
WHERE id = :id;
