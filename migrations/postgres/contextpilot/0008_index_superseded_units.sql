-- Index superseded units.
-- depends: 0007_tune_similarity_search
-- transactional: false
-- squawk-disable-assume-in-transaction
-- Not in a transaction, so that writers go on; alone and without a rollback file, for a failed
-- file of this kind cannot be undone. A run that was killed left an index that is not valid, which
-- the first line removes.
-- delete_superseded_contexts_before, which goes by when a unit was superseded.

DROP INDEX CONCURRENTLY IF EXISTS contextpilot.idx_context_unit_superseded_updated;

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_context_unit_superseded_updated
ON contextpilot.context_units (updated_at, id)
WHERE superseded_by IS NOT NULL;
