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
