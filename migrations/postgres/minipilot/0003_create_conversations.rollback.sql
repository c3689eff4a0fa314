-- Drop conversations, with indexes and triggers.

DROP TABLE minipilot.conversations;
