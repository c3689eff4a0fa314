-- Messages of the conversations.
--
-- Lists are ordered by (timestamp, id): ids rise with every row, so equal times keep the order of
-- insertion.

-- row: Message(id bigint, conversation_id text, role text, content text, timestamp timestamptz,
--     tokens int?, finish_reason text?)

-- name: add_message(
--     conversation_id text, role text, content text, tokens int? = null,
--     finish_reason text? = null) :one Message
-- A new message; role is user, assistant or system.
INSERT INTO contextpilot.messages (
    conversation_id, role, content, tokens, finish_reason
)
VALUES (:conversation_id, :role, :content, :tokens, :finish_reason)
RETURNING
    id,
    conversation_id,
    role,
    content,
    timestamp,
    tokens,
    finish_reason;

-- name: list_messages(
--     conversation_id text, limit int = 100, offset int = 0) :many Message
-- Oldest first.
SELECT
    id,
    conversation_id,
    role,
    content,
    timestamp,
    tokens,
    finish_reason
FROM contextpilot.messages
WHERE conversation_id = :conversation_id
ORDER BY timestamp, id
LIMIT :limit OFFSET :offset;

-- name: conversation_tokens(conversation_id text) :scalar bigint
-- The tokens of its messages, those that say none counting 0; 0 also where there is no such
-- conversation.
-- growth: a sum reads what it sums, here from the index alone
SELECT coalesce(sum(tokens), 0) AS tokens
FROM contextpilot.messages
WHERE conversation_id = :conversation_id;
