-- Drop conversations, with indexes and triggers.

DROP TABLE conversations;
