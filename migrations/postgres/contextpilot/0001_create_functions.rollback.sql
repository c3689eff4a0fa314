-- Drop functions.

DROP FUNCTION contextpilot.set_updated_at();

DROP FUNCTION contextpilot.uuid_v7();

DROP SEQUENCE contextpilot.uuid_v7_counter;
