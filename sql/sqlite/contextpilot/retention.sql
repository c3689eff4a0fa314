-- Conversations that are over and units that are history, for the clean-up.
--
-- A conversation is over at a cutoff when it began before and has got no message since. The clean-up
-- takes the oldest of these, at most limit of them, and deletes first their messages, at most limit as
-- well, and then those that have no more: neither the number nor the length of conversations makes one
-- batch longer.

-- name: delete_messages_before(cutoff timestamptz, limit int = 10000) :affected
-- prune: messages of conversations that are over, by the conversation's last message, or its own moment
-- growth: conversations begun before the cutoff and still written to are passed over
-- A tenth of limit conversations are looked at here: what they have is sorted, all of it.
WITH finished AS (
    SELECT
        conversations.seq,
        conversations.id,
        conversations.created_at
    FROM conversations
    WHERE
        conversations.created_at < :cutoff
        AND NOT EXISTS (
            SELECT newer.id
            FROM messages AS newer
            WHERE
                newer.conversation_id = conversations.id
                AND newer.timestamp >= :cutoff
        )
    ORDER BY conversations.created_at, conversations.seq
    LIMIT (:limit / 10 + 1)
)

DELETE FROM messages
WHERE
    id IN (
        SELECT oldest.id
        FROM finished
        CROSS JOIN messages AS oldest
        WHERE
            oldest.id IN (
                SELECT listed.id
                FROM messages AS listed
                WHERE listed.conversation_id = finished.id
                ORDER BY listed.timestamp, listed.id
                LIMIT :limit
            )
        ORDER BY finished.created_at, finished.seq, oldest.timestamp, oldest.id
        LIMIT :limit
    );

-- name: delete_conversations_before(cutoff timestamptz, limit int = 1000) :affected
-- prune: conversations that are over, once they have no messages
-- growth: conversations begun before the cutoff and still written to are passed over
DELETE FROM conversations
WHERE
    seq IN (
        SELECT finished.seq
        FROM conversations AS finished
        WHERE
            finished.created_at < :cutoff
            AND NOT EXISTS (
                SELECT newer.id
                FROM messages AS newer
                WHERE
                    newer.conversation_id = finished.id
                    AND newer.timestamp >= :cutoff
            )
        ORDER BY finished.created_at, finished.seq
        LIMIT :limit
    )
    AND NOT EXISTS (
        SELECT messages.id
        FROM messages
        WHERE messages.conversation_id = conversations.id
    );

-- name: delete_superseded_contexts_before(cutoff timestamptz, limit int = 1000) :affected
-- prune: superseded units, by updated_at, which superseding moves
-- Deletes the superseded units that have not changed since the cutoff, the oldest first and at most
-- limit of them: one batch. A unit stays for as long as one does that it supersedes, which would be
-- live again. Live units are never cleaned up.
WITH RECURSIVE oldest AS MATERIALIZED (
    SELECT
        context_units.seq,
        context_units.id,
        context_units.superseded_by
    FROM context_units
    WHERE
        context_units.superseded_by IS NOT NULL
        AND context_units.updated_at < :cutoff
    ORDER BY context_units.updated_at, context_units.seq
    LIMIT :limit
),

picked AS (
    SELECT oldest.seq
    FROM oldest
),

staying AS (
    SELECT
        oldest.id,
        oldest.superseded_by
    FROM oldest
    INNER JOIN context_units AS older ON oldest.id = older.superseded_by
    WHERE older.seq NOT IN (SELECT picked.seq FROM picked)
    UNION
    SELECT
        oldest.id,
        oldest.superseded_by
    FROM staying
    INNER JOIN oldest ON staying.superseded_by = oldest.id
)

DELETE FROM context_units
WHERE
    seq IN (SELECT oldest.seq FROM oldest)
    AND id NOT IN (SELECT staying.id FROM staying);

-- name: count_messages_before(cutoff timestamptz) :scalar bigint
-- What delete_messages_before deletes of this cutoff, all batches together.
-- plan: a count reads what it counts
-- growth: a count reads what it counts
SELECT count(*) AS messages
FROM conversations
INNER JOIN messages ON conversations.id = messages.conversation_id
WHERE
    conversations.created_at < :cutoff
    AND NOT EXISTS (
        SELECT newer.id
        FROM messages AS newer
        WHERE
            newer.conversation_id = conversations.id
            AND newer.timestamp >= :cutoff
    );

-- name: count_conversations_before(cutoff timestamptz) :scalar bigint
-- What delete_conversations_before deletes of this cutoff, all batches together.
-- plan: a count reads what it counts
-- growth: a count reads what it counts
SELECT count(*) AS conversations
FROM conversations
WHERE
    conversations.created_at < :cutoff
    AND NOT EXISTS (
        SELECT newer.id
        FROM messages AS newer
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
FROM context_units
WHERE
    superseded_by IS NOT NULL
    AND updated_at < :cutoff;
