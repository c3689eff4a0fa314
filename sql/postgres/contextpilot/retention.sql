-- Conversations that are over and units that are history, for the clean-up.
--
-- A conversation is over at a cutoff when it began before and has got no message since. The clean-up
-- takes the oldest of these, at most limit of them, and deletes first their messages, at most limit as
-- well, and then those that have no more: neither the number nor the length of conversations makes one
-- batch longer.

-- name: delete_messages_before(cutoff timestamptz, limit int = 10000) :affected
-- prune: messages of conversations that are over, by the conversation's last message, or its own moment
-- growth: conversations begun before the cutoff and still written to are passed over
-- Look-ups by scalar subqueries and row by row, for a join would be planned without knowing the
-- limit, and read the whole table.
WITH finished AS (
    SELECT
        id,
        created_at
    FROM contextpilot.conversations
    WHERE
        created_at < :cutoff
        AND (
            SELECT newer.id
            FROM contextpilot.messages AS newer
            WHERE
                newer.conversation_id = conversations.id
                AND newer.timestamp >= :cutoff
            ORDER BY newer.timestamp
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
                listed.timestamp
            FROM contextpilot.messages AS listed
            WHERE listed.conversation_id = finished.id
            ORDER BY listed.timestamp, listed.id
            LIMIT :limit
        ) AS messages
    ORDER BY finished.created_at, finished.id, messages.timestamp, messages.id
    LIMIT :limit
)

DELETE FROM contextpilot.messages
WHERE id = any(array(SELECT oldest.id FROM oldest));

-- name: delete_conversations_before(cutoff timestamptz, limit int = 1000) :affected
-- prune: conversations that are over, once they have no messages
-- growth: conversations begun before the cutoff and still written to are passed over
WITH finished AS (
    SELECT
        id,
        created_at
    FROM contextpilot.conversations
    WHERE
        created_at < :cutoff
        AND (
            SELECT newer.id
            FROM contextpilot.messages AS newer
            WHERE
                newer.conversation_id = conversations.id
                AND newer.timestamp >= :cutoff
            ORDER BY newer.timestamp
            LIMIT 1
        ) IS NULL
    ORDER BY created_at, id
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
)

DELETE FROM contextpilot.conversations
WHERE
    id = any(
        array(
            SELECT finished.id
            FROM finished
            WHERE
                (
                    SELECT messages.id
                    FROM contextpilot.messages
                    WHERE messages.conversation_id = finished.id
                    ORDER BY messages.timestamp
                    LIMIT 1
                ) IS NULL
        )
    );

-- name: delete_superseded_contexts_before(cutoff timestamptz, limit int = 1000) :affected
-- prune: superseded units, by updated_at, which superseding moves
-- Deletes the superseded units that have not changed since the cutoff, the oldest first and at most
-- limit of them: one batch. A unit stays for as long as one does that it supersedes, which would be
-- live again. Live units are never cleaned up.
-- Callers at the same moment take different batches.
WITH RECURSIVE oldest AS MATERIALIZED (
    SELECT
        id,
        superseded_by
    FROM contextpilot.context_units
    WHERE
        superseded_by IS NOT NULL
        AND updated_at < :cutoff
    ORDER BY updated_at, id
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
),

staying AS (
    SELECT
        oldest.id,
        oldest.superseded_by
    FROM oldest
    WHERE
        (
            SELECT older.id
            FROM contextpilot.context_units AS older
            WHERE
                older.superseded_by = oldest.id
                AND older.id NOT IN (SELECT picked.id FROM oldest AS picked)
            ORDER BY older.id
            LIMIT 1
        ) IS NOT NULL
    UNION
    SELECT
        oldest.id,
        oldest.superseded_by
    FROM staying
    INNER JOIN oldest ON staying.superseded_by = oldest.id
)

DELETE FROM contextpilot.context_units
WHERE
    id = any(
        array(
            SELECT oldest.id
            FROM oldest
            WHERE NOT EXISTS (
                    SELECT staying.id FROM staying
                    WHERE staying.id = oldest.id
                )
        )
    );

-- name: count_messages_before(cutoff timestamptz) :scalar bigint
-- What delete_messages_before deletes of this cutoff, all batches together.
-- plan: a count reads what it counts
-- growth: a count reads what it counts
SELECT count(*) AS messages
FROM contextpilot.conversations
INNER JOIN contextpilot.messages ON conversations.id = messages.conversation_id
WHERE
    conversations.created_at < :cutoff
    AND NOT EXISTS (
        SELECT newer.id
        FROM contextpilot.messages AS newer
        WHERE
            newer.conversation_id = conversations.id
            AND newer.timestamp >= :cutoff
    );

-- name: count_conversations_before(cutoff timestamptz) :scalar bigint
-- What delete_conversations_before deletes of this cutoff, all batches together.
-- plan: a count reads what it counts
-- growth: a count reads what it counts
SELECT count(*) AS conversations
FROM contextpilot.conversations
WHERE
    conversations.created_at < :cutoff
    AND NOT EXISTS (
        SELECT newer.id
        FROM contextpilot.messages AS newer
        WHERE
            newer.conversation_id = conversations.id
            AND newer.timestamp >= :cutoff
    );

-- name: count_superseded_contexts_before(cutoff timestamptz) :scalar bigint
-- The superseded units that have not changed since the cutoff: what delete_superseded_contexts_before
-- deletes, but for those that supersede a newer one.
-- plan: a count reads what it counts
-- growth: a count reads what it counts
SELECT count(*) AS units
FROM contextpilot.context_units
WHERE
    superseded_by IS NOT NULL
    AND updated_at < :cutoff;
