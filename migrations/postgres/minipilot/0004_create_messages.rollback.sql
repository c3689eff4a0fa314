-- Drop messages, with indexes and triggers.

DROP TABLE minipilot.messages;
