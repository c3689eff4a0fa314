-- Sessions of the tools, with what they did in numbers.
--
-- last_activity moves forward only: to now, or a microsecond on where that would not be later.

-- row: ToolSession(id bigint, session_id uuid, tool_id text, tool_version text?,
--     started_at timestamptz, ended_at timestamptz?, last_activity timestamptz,
--     total_compressions int, total_embeddings int, total_workflows int, tokens_saved bigint)

-- name: start_session(
--     tool_id text(50), tool_version text(50)? = null, session_id uuid? = null) :one ToolSession
-- A new session; a session_id may be given, and is unique.
INSERT INTO tool_sessions (
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
FROM tool_sessions
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
FROM tool_sessions
WHERE
    TRUE
    AND tool_id = :tool_id -- if :tool_id
    AND (ended_at IS NULL) = :active -- if :active
ORDER BY started_at DESC, id DESC
LIMIT :limit OFFSET :offset;

-- name: touch_session(session_id uuid) :one ToolSession
-- Sets last_activity to now. None if there is no such session.
UPDATE tool_sessions
SET
    last_activity = max(
        strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'),
        printf(
            '%.20s%06dZ',
            last_activity, min(substr(last_activity, 21, 6) + 1, 999999)
        )
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
UPDATE tool_sessions
SET
    ended_at = coalesce(
        ended_at,
        max(strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'), last_activity)
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
-- Differs from postgres: 32 bits are no type here; text, which an integer column refuses with a
-- DataError, stands for a sum that has more. A sum of more than 64 bits is no integer either.
UPDATE tool_sessions
SET
    total_compressions = iif(
        total_compressions + :compressions BETWEEN -2147483648 AND 2147483647,
        total_compressions + :compressions,
        'out of range'
    ),
    total_embeddings = iif(
        total_embeddings + :embeddings BETWEEN -2147483648 AND 2147483647,
        total_embeddings + :embeddings,
        'out of range'
    ),
    total_workflows = iif(
        total_workflows + :workflows BETWEEN -2147483648 AND 2147483647,
        total_workflows + :workflows,
        'out of range'
    ),
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
-- growth: sessions that ended before and have a newer operation, written by hand, are passed over
DELETE FROM tool_sessions
WHERE
    id IN (
        SELECT oldest.id
        FROM tool_sessions AS oldest
        WHERE
            (oldest.ended_at IS NULL) = 0
            AND oldest.started_at < :cutoff
            AND oldest.ended_at < :cutoff
            AND oldest.last_activity < :cutoff
            AND NOT EXISTS (
                SELECT newer.id
                FROM tool_operations AS newer
                WHERE
                    newer.session_id = oldest.session_id
                    AND newer.created_at >= :cutoff
            )
        ORDER BY oldest.started_at, oldest.id
        LIMIT :limit
    )
    AND NOT EXISTS (
        SELECT tool_operations.id
        FROM tool_operations
        WHERE tool_operations.session_id = tool_sessions.session_id
    );

-- name: count_sessions_before(cutoff timestamptz) :scalar bigint
-- What delete_sessions_before deletes of this cutoff, once the operations are, all batches together.
-- plan: a count reads what it counts
-- growth: a count reads what it counts
SELECT count(*) AS sessions
FROM tool_sessions
WHERE
    ended_at < :cutoff
    AND last_activity < :cutoff
    AND NOT EXISTS (
        SELECT newer.id
        FROM tool_operations AS newer
        WHERE
            newer.session_id = tool_sessions.session_id
            AND newer.created_at >= :cutoff
    );
