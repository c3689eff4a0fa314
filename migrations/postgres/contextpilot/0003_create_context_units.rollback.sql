-- Drop context units, with indexes and triggers.

DROP TABLE contextpilot.context_units;

DROP FUNCTION contextpilot.has_direction(public.vector);
