-- Drop context units, with indexes and triggers.

DROP TABLE context_units;
