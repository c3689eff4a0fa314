-- Allow superseding cycles.

DROP TRIGGER context_units_superseded_by_update;

DROP TRIGGER context_units_superseded_by_insert;
