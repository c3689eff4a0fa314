-- Drop knowledge chunks, with indexes and triggers.

DROP TABLE minipilot.knowledge_chunks;
