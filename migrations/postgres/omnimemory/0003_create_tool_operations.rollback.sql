-- Drop tool operations, with indexes.

DROP TABLE omnimemory.tool_operations;
