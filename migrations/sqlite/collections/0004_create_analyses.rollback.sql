-- Drop analyses, with indexes and triggers.

DROP TABLE analyses;

-- No analysis, no latest one.
UPDATE items
SET latest_version = 0, latest_category = NULL
WHERE latest_version > 0;
