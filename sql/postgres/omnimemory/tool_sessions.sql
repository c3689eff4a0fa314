-- Sessions of the tools, with what they did in numbers.
--
-- last_activity moves forward only: to now, or a microsecond on where that would not be later.
-- started_at is never null, so NULLS LAST changes no answer, and neither does UTC. The first is the
-- order of the indexes that begin with tool_id, the second of the one that begins with whether it has
-- ended; idx_tool_sessions_started has neither. Along an index of another order the planner would look
-- for the sessions of who owns many, past all newer ones of others.

-- row: ToolSession(id bigint, session_id uuid, tool_id text, tool_version text?,
--     started_at timestamptz, ended_at timestamptz?, last_activity timestamptz,
--     total_compressions int, total_embeddings int, total_workflows int, tokens_saved bigint)

-- name: start_session(
--     tool_id text(50), tool_version text(50)? = null, session_id uuid? = null) :one ToolSession
-- A new session; a session_id may be given, and is unique.
INSERT INTO omnimemory.tool_sessions (
    session_id, -- if :session_id
    tool_id,
    tool_version
)
VALUES (
    :session_id, -- if :session_id
    :tool_id,
    :tool_version
)
RETURNING
    id,
    session_id,
    tool_id,
    tool_version,
    started_at,
    ended_at,
    last_activity,
    total_compressions,
    total_embeddings,
    total_workflows,
    tokens_saved;

-- name: get_session(session_id uuid) :one ToolSession
SELECT
    id,
    session_id,
    tool_id,
    tool_version,
    started_at,
    ended_at,
    last_activity,
    total_compressions,
    total_embeddings,
    total_workflows,
    tokens_saved
FROM omnimemory.tool_sessions
WHERE session_id = :session_id;

-- name: list_sessions(
--     tool_id text? = null, active bool? = null, limit int = 100, offset int = 0) :many ToolSession
-- Newest first; active are those that have not ended.
SELECT
    id,
    session_id,
    tool_id,
    tool_version,
    started_at,
    ended_at,
    last_activity,
    total_compressions,
    total_embeddings,
    total_workflows,
    tokens_saved
FROM omnimemory.tool_sessions
WHERE
    TRUE
    AND tool_id = :tool_id -- if :tool_id
    AND (ended_at IS NULL)::integer = :active::boolean::integer -- if :active
ORDER BY
    started_at DESC NULLS LAST, -- if :tool_id
    started_at AT TIME ZONE 'UTC' DESC, -- if :active
    started_at DESC,
    id DESC
LIMIT :limit OFFSET :offset;

-- name: touch_session(session_id uuid) :one ToolSession
-- Sets last_activity to now. None if there is no such session.
UPDATE omnimemory.tool_sessions
SET
    last_activity = greatest(
        clock_timestamp(), last_activity + interval '1 microsecond'
    )
WHERE session_id = :session_id
RETURNING
    id,
    session_id,
    tool_id,
    tool_version,
    started_at,
    ended_at,
    last_activity,
    total_compressions,
    total_embeddings,
    total_workflows,
    tokens_saved;

-- name: end_session(session_id uuid) :one ToolSession
-- Sets ended_at to now; of a session that has ended it stays. None if there is no such session.
UPDATE omnimemory.tool_sessions
SET
    ended_at = coalesce(
        ended_at,
        greatest(clock_timestamp(), last_activity)
    )
WHERE session_id = :session_id
RETURNING
    id,
    session_id,
    tool_id,
    tool_version,
    started_at,
    ended_at,
    last_activity,
    total_compressions,
    total_embeddings,
    total_workflows,
    tokens_saved;

-- name: add_session_totals(
--     session_id uuid, compressions int = 0, embeddings int = 0, workflows int = 0,
--     tokens_saved bigint = 0) :one ToolSession
-- Adds to the totals; callers at the same moment lose nothing. A total out of its type's range is a
-- DataError. None if there is no such session.
UPDATE omnimemory.tool_sessions
SET
    total_compressions = total_compressions + :compressions,
    total_embeddings = total_embeddings + :embeddings,
    total_workflows = total_workflows + :workflows,
    tokens_saved = tokens_saved + :tokens_saved
WHERE session_id = :session_id
RETURNING
    id,
    session_id,
    tool_id,
    tool_version,
    started_at,
    ended_at,
    last_activity,
    total_compressions,
    total_embeddings,
    total_workflows,
    tokens_saved;

-- name: delete_sessions_before(cutoff timestamptz, limit int = 1000) :affected
-- prune: sessions that ended, by ended_at and their last activity, once they have no operations
-- Of the oldest sessions that ended before the cutoff and did nothing since, at most limit of them,
-- deletes those without operations: one batch of the clean-up, which deletes operations beside it.
-- Look-ups by scalar subqueries, for a join would be planned without knowing the limit, and read the
-- whole table.
-- growth: sessions that ended before and have a newer operation, written by hand, are passed over
WITH oldest AS (
    SELECT
        id,
        session_id
    FROM omnimemory.tool_sessions
    WHERE
        (ended_at IS NULL)::integer = 0
        AND started_at AT TIME ZONE 'UTC' < :cutoff::timestamptz AT TIME ZONE 'UTC'
        AND ended_at < :cutoff
        AND last_activity < :cutoff
        AND (
            SELECT newer.id
            FROM omnimemory.tool_operations AS newer
            WHERE
                newer.session_id = tool_sessions.session_id
                AND newer.created_at >= :cutoff
            ORDER BY newer.created_at NULLS FIRST
            LIMIT 1
        ) IS NULL
    ORDER BY started_at AT TIME ZONE 'UTC', id
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
)

DELETE FROM omnimemory.tool_sessions
WHERE
    id = any(
        array(
            SELECT oldest.id
            FROM oldest
            WHERE
                (
                    SELECT tool_operations.id
                    FROM omnimemory.tool_operations
                    WHERE tool_operations.session_id = oldest.session_id
                    ORDER BY tool_operations.created_at NULLS FIRST
                    LIMIT 1
                ) IS NULL
        )
    );

-- name: count_sessions_before(cutoff timestamptz) :scalar bigint
-- What delete_sessions_before deletes of this cutoff, once the operations are, all batches together.
-- plan: a count reads what it counts
-- growth: a count reads what it counts
SELECT count(*) AS sessions
FROM omnimemory.tool_sessions
WHERE
    ended_at < :cutoff
    AND last_activity < :cutoff
    AND NOT EXISTS (
        SELECT newer.id
        FROM omnimemory.tool_operations AS newer
        WHERE
            newer.session_id = tool_sessions.session_id
            AND newer.created_at >= :cutoff
    );
