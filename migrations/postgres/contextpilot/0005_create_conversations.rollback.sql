-- Drop conversations, with indexes.

DROP TABLE contextpilot.conversations;
