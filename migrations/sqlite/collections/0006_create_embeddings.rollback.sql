-- Drop embeddings, with indexes.

DROP TABLE embeddings;
