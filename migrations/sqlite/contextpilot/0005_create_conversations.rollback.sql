-- Drop conversations, with indexes.

DROP TABLE conversations;
