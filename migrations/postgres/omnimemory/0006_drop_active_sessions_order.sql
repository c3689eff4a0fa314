-- Drop active sessions order.
-- depends: 0005_order_active_sessions
-- transactional: false
-- squawk-disable-assume-in-transaction
-- Not in a transaction, so that readers and writers go on; without a rollback file, as 0005 is.
-- idx_tool_sessions_active_started_utc has taken its place.

DROP INDEX CONCURRENTLY IF EXISTS omnimemory.idx_tool_sessions_active_started;
