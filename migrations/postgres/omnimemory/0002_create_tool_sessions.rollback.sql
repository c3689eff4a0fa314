-- Drop tool sessions, with indexes.

DROP TABLE omnimemory.tool_sessions;
