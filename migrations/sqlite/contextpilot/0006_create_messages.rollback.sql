-- Drop messages, with indexes.

DROP TABLE messages;
