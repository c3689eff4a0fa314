-- What contextpilot's queries are explained with, beside any values (the generic plan): a row that there
-- is, by its columns as parameters, for the queries of the file that the name ends with.
--
-- heavy owns half of everything. former owns the most of the rest, which in the volumes of bench/load is
-- all old. light owns next to nothing.

-- name: heavy_context_units() :one
-- One that supersedes no other: it can be deleted.
WITH owner AS (
    SELECT source_type
    FROM context_units
    GROUP BY source_type
    ORDER BY count(*) DESC, source_type ASC
    LIMIT 1
),

example AS (
    SELECT context_units.embedding
    FROM owner
    INNER JOIN context_units ON owner.source_type = context_units.source_type
    WHERE context_units.embedding IS NOT NULL
    ORDER BY context_units.created_at, context_units.id
    LIMIT 1
),

newest AS (
    SELECT id
    FROM context_units
    ORDER BY created_at DESC, id DESC
    LIMIT 1
)

SELECT
    context_units.id,
    newest.id AS superseded_by,
    context_units.source_type,
    context_units.name,
    context_units.content,
    example.embedding,
    TRUE AS include_superseded,
    0.5 AS min_similarity
FROM owner
INNER JOIN context_units ON owner.source_type = context_units.source_type
CROSS JOIN example
CROSS JOIN newest
WHERE
    NOT EXISTS (
        SELECT older.id
        FROM context_units AS older
        WHERE older.superseded_by = context_units.id
    )
ORDER BY context_units.created_at, context_units.id
LIMIT 1;

-- name: former_context_units() :one
-- One that supersedes no other: it can be deleted.
WITH owner AS (
    SELECT source_type
    FROM context_units
    GROUP BY source_type
    ORDER BY count(*) DESC, source_type ASC
    LIMIT 1 OFFSET 1
),

example AS (
    SELECT context_units.embedding
    FROM owner
    INNER JOIN context_units ON owner.source_type = context_units.source_type
    WHERE context_units.embedding IS NOT NULL
    ORDER BY context_units.created_at, context_units.id
    LIMIT 1
),

newest AS (
    SELECT id
    FROM context_units
    ORDER BY created_at DESC, id DESC
    LIMIT 1
)

SELECT
    context_units.id,
    newest.id AS superseded_by,
    context_units.source_type,
    context_units.name,
    context_units.content,
    example.embedding,
    FALSE AS include_superseded,
    0.5 AS min_similarity
FROM owner
INNER JOIN context_units ON owner.source_type = context_units.source_type
CROSS JOIN example
CROSS JOIN newest
WHERE
    NOT EXISTS (
        SELECT older.id
        FROM context_units AS older
        WHERE older.superseded_by = context_units.id
    )
ORDER BY context_units.created_at, context_units.id
LIMIT 1;

-- name: light_context_units() :one
-- One that supersedes no other: it can be deleted.
WITH owner AS (
    SELECT source_type
    FROM context_units
    GROUP BY source_type
    ORDER BY count(*) ASC, source_type ASC
    LIMIT 1
),

example AS (
    SELECT context_units.embedding
    FROM owner
    INNER JOIN context_units ON owner.source_type = context_units.source_type
    WHERE context_units.embedding IS NOT NULL
    ORDER BY context_units.created_at DESC, context_units.id DESC
    LIMIT 1
),

oldest AS (
    SELECT id
    FROM context_units
    ORDER BY created_at, id
    LIMIT 1
)

SELECT
    context_units.id,
    oldest.id AS superseded_by,
    context_units.source_type,
    context_units.name,
    context_units.content,
    example.embedding,
    FALSE AS include_superseded,
    0.5 AS min_similarity
FROM owner
INNER JOIN context_units ON owner.source_type = context_units.source_type
CROSS JOIN example
CROSS JOIN oldest
WHERE
    NOT EXISTS (
        SELECT older.id
        FROM context_units AS older
        WHERE older.superseded_by = context_units.id
    )
ORDER BY context_units.created_at DESC, context_units.id DESC
LIMIT 1;

-- name: heavy_conversations() :one
WITH owner AS (
    SELECT provider
    FROM conversations
    GROUP BY provider
    ORDER BY count(*) DESC, provider ASC
    LIMIT 1
)

SELECT
    conversations.id,
    conversations.task,
    conversations.provider,
    conversations.model
FROM owner
INNER JOIN conversations ON owner.provider = conversations.provider
ORDER BY conversations.created_at, conversations.id
LIMIT 1;

-- name: former_conversations() :one
WITH owner AS (
    SELECT provider
    FROM conversations
    GROUP BY provider
    ORDER BY count(*) DESC, provider ASC
    LIMIT 1 OFFSET 1
)

SELECT
    conversations.id,
    conversations.task,
    conversations.provider,
    conversations.model
FROM owner
INNER JOIN conversations ON owner.provider = conversations.provider
ORDER BY conversations.created_at, conversations.id
LIMIT 1;

-- name: light_conversations() :one
WITH owner AS (
    SELECT provider
    FROM conversations
    GROUP BY provider
    ORDER BY count(*) ASC, provider ASC
    LIMIT 1
)

SELECT
    conversations.id,
    conversations.task,
    conversations.provider,
    conversations.model
FROM owner
INNER JOIN conversations ON owner.provider = conversations.provider
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
    messages.conversation_id,
    messages.role,
    messages.content
FROM owner
INNER JOIN messages ON owner.conversation_id = messages.conversation_id
ORDER BY messages.timestamp, messages.id
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
    messages.conversation_id,
    messages.role,
    messages.content
FROM owner
INNER JOIN messages ON owner.conversation_id = messages.conversation_id
ORDER BY messages.timestamp, messages.id
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
    messages.conversation_id,
    messages.role,
    messages.content
FROM owner
INNER JOIN messages ON owner.conversation_id = messages.conversation_id
ORDER BY messages.timestamp DESC, messages.id DESC
LIMIT 1;

-- name: heavy_retention() :one
-- Nearly all is from before.
SELECT timestamp AS cutoff
FROM messages
ORDER BY timestamp DESC
LIMIT 1 OFFSET 100;

-- name: former_retention() :one
-- The oldest are from before.
SELECT timestamp AS cutoff
FROM messages
ORDER BY timestamp
LIMIT 1 OFFSET 1000;

-- name: light_retention() :one
-- Next to nothing is from before.
SELECT timestamp AS cutoff
FROM messages
ORDER BY timestamp
LIMIT 1 OFFSET 10;
