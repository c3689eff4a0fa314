-- Drop conversation history, with indexes.

DROP TABLE duiliocode.conversation_history;
