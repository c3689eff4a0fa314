-- Drop functions.

DROP FUNCTION duiliocode.set_updated_at();
