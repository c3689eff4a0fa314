-- Add vector index.
-- depends: 0007_add_similarity_search
-- transactional: false
-- squawk-disable-assume-in-transaction
-- Not in a transaction, so that writers go on; alone and without a rollback file, for a failed
-- file of this kind cannot be undone. A run that was killed left an index that is not valid, which
-- the first line removes.
-- The index divides the vectors that are there when it is built into 100 lists, and built on an
-- empty table it divides at random. Answers are right all the same, but take longer: after the
-- first load, and each time the table has grown several times over,
-- REINDEX INDEX CONCURRENTLY collections.idx_embeddings_vector_cosine;

DROP INDEX CONCURRENTLY IF EXISTS collections.idx_embeddings_vector_cosine;

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_embeddings_vector_cosine
ON collections.embeddings
USING ivfflat (vector public.vector_cosine_ops)
WITH (lists = 100);
