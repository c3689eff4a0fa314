-- Drop functions.

DROP FUNCTION collections.set_updated_at();

DROP FUNCTION collections.uuid_v7();
