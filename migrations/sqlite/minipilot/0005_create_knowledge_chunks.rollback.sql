-- Drop knowledge chunks, with indexes and triggers.

DROP TABLE knowledge_chunks;
