-- Drop tool operations, with indexes and triggers.

DROP TABLE tool_operations;
