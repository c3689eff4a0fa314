-- Index reanalysed items.
-- depends: 0009_tune_similarity_search
-- transactional: false
-- squawk-disable-assume-in-transaction
-- Not in a transaction, so that writers go on; alone and without a rollback file, for a failed
-- file of this kind cannot be undone. A run that was killed left an index that is not valid, which
-- the first line removes.
-- delete_analyses_before, which looks for versions that are not the latest.

DROP INDEX CONCURRENTLY IF EXISTS collections.idx_items_reanalysed;

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_items_reanalysed
ON collections.items (user_id, id)
WHERE latest_version > 1;
