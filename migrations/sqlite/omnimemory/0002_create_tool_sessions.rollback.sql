-- Drop tool sessions, with indexes.

DROP TABLE tool_sessions;
