-- Index superseded units.
-- depends: 0007_tune_similarity_search
-- delete_superseded_contexts_before, which goes by when a unit was superseded.

CREATE INDEX idx_context_unit_superseded_updated
ON context_units (updated_at)
WHERE superseded_by IS NOT NULL;
