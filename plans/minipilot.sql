-- What minipilot's queries are explained with, beside any values (the generic plan): a row that there
-- is, by its columns as parameters, for the queries of the file that the name ends with.
--
-- heavy owns half of everything. former owns the most of the rest, which in the volumes of bench/load is
-- all old. light owns next to nothing.

-- name: any_users() :one
SELECT
    id AS user_id,
    external_id,
    email,
    name
FROM users
WHERE email IS NOT NULL
ORDER BY id
LIMIT 1;

-- name: heavy_conversations() :one
WITH owner AS (
    SELECT user_id
    FROM conversations
    WHERE user_id IS NOT NULL
    GROUP BY user_id
    ORDER BY count(*) DESC, user_id ASC
    LIMIT 1
)

SELECT
    conversations.id AS conversation_id,
    conversations.user_id,
    conversations.title,
    'active' AS status
FROM owner
INNER JOIN conversations ON owner.user_id = conversations.user_id
ORDER BY conversations.created_at, conversations.id
LIMIT 1;

-- name: former_conversations() :one
WITH owner AS (
    SELECT user_id
    FROM conversations
    WHERE user_id IS NOT NULL
    GROUP BY user_id
    ORDER BY count(*) DESC, user_id ASC
    LIMIT 1 OFFSET 1
)

SELECT
    conversations.id AS conversation_id,
    conversations.user_id,
    conversations.title,
    'archived' AS status
FROM owner
INNER JOIN conversations ON owner.user_id = conversations.user_id
ORDER BY conversations.created_at, conversations.id
LIMIT 1;

-- name: light_conversations() :one
WITH owner AS (
    SELECT user_id
    FROM conversations
    WHERE user_id IS NOT NULL
    GROUP BY user_id
    ORDER BY count(*) ASC, user_id ASC
    LIMIT 1
)

SELECT
    conversations.id AS conversation_id,
    conversations.user_id,
    conversations.title,
    'active' AS status
FROM owner
INNER JOIN conversations ON owner.user_id = conversations.user_id
ORDER BY conversations.created_at DESC, conversations.id DESC
LIMIT 1;

-- name: heavy_messages() :one
WITH owner AS (
    SELECT conversation_id
    FROM messages
    GROUP BY conversation_id
    ORDER BY count(*) DESC, conversation_id ASC
    LIMIT 1
)

SELECT
    messages.id AS message_id,
    messages.id AS after_id,
    messages.conversation_id,
    messages.sender_type,
    messages.content
FROM owner
INNER JOIN messages ON owner.conversation_id = messages.conversation_id
ORDER BY messages.created_at, messages.id
LIMIT 1;

-- name: former_messages() :one
WITH owner AS (
    SELECT conversation_id
    FROM messages
    GROUP BY conversation_id
    ORDER BY count(*) DESC, conversation_id ASC
    LIMIT 1 OFFSET 1
)

SELECT
    messages.id AS message_id,
    messages.id AS after_id,
    messages.conversation_id,
    messages.sender_type,
    messages.content
FROM owner
INNER JOIN messages ON owner.conversation_id = messages.conversation_id
ORDER BY messages.created_at, messages.id
LIMIT 1;

-- name: light_messages() :one
WITH owner AS (
    SELECT conversation_id
    FROM messages
    GROUP BY conversation_id
    ORDER BY count(*) ASC, conversation_id ASC
    LIMIT 1
)

SELECT
    messages.id AS message_id,
    messages.id AS after_id,
    messages.conversation_id,
    messages.sender_type,
    messages.content
FROM owner
INNER JOIN messages ON owner.conversation_id = messages.conversation_id
ORDER BY messages.created_at DESC, messages.id DESC
LIMIT 1;

-- name: heavy_knowledge_chunks() :one
-- A word that is in many texts.
WITH owner AS (
    SELECT source
    FROM knowledge_chunks
    GROUP BY source
    ORDER BY count(*) DESC, source ASC
    LIMIT 1
)

SELECT
    knowledge_chunks.id AS chunk_id,
    knowledge_chunks.source,
    knowledge_chunks.external_id,
    knowledge_chunks.content,
    '[{"source": "web", "content": "text"}]' AS chunks,
    'water' AS query
FROM owner
INNER JOIN knowledge_chunks ON owner.source = knowledge_chunks.source
WHERE knowledge_chunks.external_id IS NOT NULL
ORDER BY knowledge_chunks.created_at, knowledge_chunks.id
LIMIT 1;

-- name: former_knowledge_chunks() :one
WITH owner AS (
    SELECT source
    FROM knowledge_chunks
    GROUP BY source
    ORDER BY count(*) DESC, source ASC
    LIMIT 1 OFFSET 1
)

SELECT
    knowledge_chunks.id AS chunk_id,
    knowledge_chunks.source,
    knowledge_chunks.external_id,
    knowledge_chunks.content,
    '[{"source": "web", "content": "text"}]' AS chunks,
    'water "people time" -day' AS query
FROM owner
INNER JOIN knowledge_chunks ON owner.source = knowledge_chunks.source
WHERE knowledge_chunks.external_id IS NOT NULL
ORDER BY knowledge_chunks.created_at, knowledge_chunks.id
LIMIT 1;

-- name: light_knowledge_chunks() :one
-- A word that is in few texts.
WITH owner AS (
    SELECT source
    FROM knowledge_chunks
    GROUP BY source
    ORDER BY count(*) ASC, source ASC
    LIMIT 1
)

SELECT
    knowledge_chunks.id AS chunk_id,
    knowledge_chunks.source,
    knowledge_chunks.external_id,
    knowledge_chunks.content,
    '[{"source": "web", "content": "text"}]' AS chunks,
    'hyhyhy' AS query
FROM owner
INNER JOIN knowledge_chunks ON owner.source = knowledge_chunks.source
WHERE knowledge_chunks.external_id IS NOT NULL
ORDER BY knowledge_chunks.created_at DESC, knowledge_chunks.id DESC
LIMIT 1;

-- name: heavy_retention() :one
-- Nearly all is from before.
WITH owner AS (
    SELECT user_id
    FROM conversations
    WHERE user_id IS NOT NULL
    GROUP BY user_id
    ORDER BY count(*) DESC, user_id ASC
    LIMIT 1
),

cutoff AS (
    SELECT created_at AS cutoff
    FROM messages
    ORDER BY created_at DESC
    LIMIT 1 OFFSET 100
)

SELECT
    owner.user_id,
    cutoff.cutoff
FROM owner
CROSS JOIN cutoff;

-- name: former_retention() :one
-- The oldest are from before.
WITH owner AS (
    SELECT user_id
    FROM conversations
    WHERE user_id IS NOT NULL
    GROUP BY user_id
    ORDER BY count(*) DESC, user_id ASC
    LIMIT 1 OFFSET 1
),

cutoff AS (
    SELECT created_at AS cutoff
    FROM messages
    ORDER BY created_at
    LIMIT 1 OFFSET 100
)

SELECT
    owner.user_id,
    cutoff.cutoff
FROM owner
CROSS JOIN cutoff;

-- name: light_retention() :one
-- Next to nothing is from before.
WITH owner AS (
    SELECT user_id
    FROM conversations
    WHERE user_id IS NOT NULL
    GROUP BY user_id
    ORDER BY count(*) ASC, user_id ASC
    LIMIT 1
),

cutoff AS (
    SELECT created_at AS cutoff
    FROM messages
    ORDER BY created_at
    LIMIT 1 OFFSET 10
)

SELECT
    owner.user_id,
    cutoff.cutoff
FROM owner
CROSS JOIN cutoff;
