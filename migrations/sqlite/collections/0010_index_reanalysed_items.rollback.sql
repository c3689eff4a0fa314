-- Drop idx_items_reanalysed.

DROP INDEX idx_items_reanalysed;
