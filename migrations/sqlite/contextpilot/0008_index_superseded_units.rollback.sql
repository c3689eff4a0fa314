-- Drop idx_context_unit_superseded_updated.

DROP INDEX idx_context_unit_superseded_updated;
