-- Drop messages, with indexes.

DROP TABLE contextpilot.messages;
