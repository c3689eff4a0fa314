-- Drop analyses, with indexes and triggers.

DROP TABLE collections.analyses;

DROP FUNCTION collections.set_latest_analysis();

-- No analysis, no latest one.
UPDATE collections.items
SET latest_version = 0, latest_category = NULL
WHERE latest_version > 0;
