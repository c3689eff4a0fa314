-- Allow superseding cycles.

DROP TRIGGER context_units_superseded_by ON contextpilot.context_units;

DROP TRIGGER context_units_superseded_by_turn ON contextpilot.context_units;

DROP FUNCTION contextpilot.refuse_superseding_cycle();

DROP FUNCTION contextpilot.take_turns_superseding();
