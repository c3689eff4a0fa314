-- Estimate session operations.
-- depends: 0003_create_tool_operations

-- A session has some ten operations, whatever the table's size. ANALYZE sees a sample and takes them
-- for more, the larger the table: a call of list_session_operations then seems so dear that PostgreSQL
-- plans it anew each time, which takes longer than to run it. It counts from the next ANALYZE on.
ALTER TABLE omnimemory.tool_operations
ALTER COLUMN session_id SET (n_distinct = -0.1);
