-- Index reanalysed items.
-- depends: 0009_tune_similarity_search
-- delete_analyses_before, which looks for versions that are not the latest, and for that in the index alone.
-- Unique, as (user_id, id) already is: so the planner knows it to give the whole order.

CREATE UNIQUE INDEX idx_items_reanalysed
ON items (user_id, id, latest_version)
WHERE latest_version > 1;
