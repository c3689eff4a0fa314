-- Order active sessions.
-- depends: 0004_estimate_session_operations
-- transactional: false
-- squawk-disable-assume-in-transaction
-- Not in a transaction, so that writers go on; alone and without a rollback file, for a failed
-- file of this kind cannot be undone. A run that was killed left an index that is not valid, which
-- the first line removes.
-- list_sessions by active. In UTC, which is the same order, but one that the indexes that begin with
-- tool_id do not have, so that for a tool no walk along this one is in question: of one that is gone,
-- it would pass all newer sessions of others. 0006 drops the index that it takes the place of.

DROP INDEX CONCURRENTLY IF EXISTS omnimemory.idx_tool_sessions_active_started_utc;

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_tool_sessions_active_started_utc
ON omnimemory.tool_sessions (
    ((ended_at IS NULL)::integer), (started_at AT TIME ZONE 'UTC') DESC
);
