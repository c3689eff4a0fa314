-- Create functions.
-- The schema itself exists already: `rawstore migrate` or the DBA made it, before yoyo's own
-- tables, so the role that migrates needs no CREATE on the database.

-- The moment of an update: strictly later than the last one, also when both fall in one
-- microsecond or the clock was set back, and so never before created_at.
CREATE FUNCTION duiliocode.set_updated_at() RETURNS trigger
LANGUAGE plpgsql
SET search_path = ''
AS $$
BEGIN
    NEW.updated_at := greatest(
        clock_timestamp(), OLD.updated_at + interval '1 microsecond'
    );
    RETURN NEW;
END
$$;
