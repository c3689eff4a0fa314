-- Drop users, with indexes and triggers.

DROP TABLE users;
