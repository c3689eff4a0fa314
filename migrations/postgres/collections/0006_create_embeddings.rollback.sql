-- Drop embeddings, with indexes.

DROP TABLE collections.embeddings;
