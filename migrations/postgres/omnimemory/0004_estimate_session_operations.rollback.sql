-- Leave the estimate of session operations to ANALYZE.

ALTER TABLE omnimemory.tool_operations
ALTER COLUMN session_id RESET (n_distinct);
