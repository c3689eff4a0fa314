-- Drop functions.

DROP FUNCTION minipilot.set_updated_at();

DROP FUNCTION minipilot.uuid_v7();

DROP SEQUENCE minipilot.uuid_v7_counter;
