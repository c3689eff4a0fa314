-- Drop conversation history, with indexes.

DROP TABLE conversation_history;
