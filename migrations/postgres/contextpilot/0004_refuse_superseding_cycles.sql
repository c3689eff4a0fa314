-- Refuse superseding cycles.
-- depends: 0003_create_context_units

-- Who changes superseded_by takes turns, to the end of the transaction: of two calls that would
-- close a cycle together, the second sees what the first has done. Before the rows are locked,
-- and so without deadlock.
CREATE FUNCTION contextpilot.take_turns_superseding() RETURNS trigger
LANGUAGE plpgsql
SET search_path = ''
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(
        hashtextextended('contextpilot.context_units.superseded_by', 0)
    );
    RETURN NULL;
END
$$;

-- Follows the chain of successors and refuses one that comes back to where it started. A
-- transaction of a higher isolation level sees no change made after it began; locking the
-- successor makes it fail (40001) where that one was changed meanwhile.
CREATE FUNCTION contextpilot.refuse_superseding_cycle() RETURNS trigger
LANGUAGE plpgsql
SET search_path = ''
AS $$
BEGIN
    PERFORM FROM contextpilot.context_units
    WHERE id = NEW.superseded_by
    FOR NO KEY UPDATE;
    IF EXISTS (
        WITH RECURSIVE chain AS (
            SELECT NEW.superseded_by AS id
            UNION
            SELECT context_units.superseded_by AS id
            FROM chain
            INNER JOIN contextpilot.context_units ON chain.id = context_units.id
            WHERE context_units.superseded_by IS NOT NULL
        )

        SELECT FROM chain
        WHERE chain.id = NEW.id
    ) THEN
        RAISE EXCEPTION 'a context unit would supersede itself'
            USING
                ERRCODE = 'check_violation',
                SCHEMA = TG_TABLE_SCHEMA,
                TABLE = TG_TABLE_NAME,
                CONSTRAINT = 'context_units_superseded_by_check';
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER context_units_superseded_by_turn
BEFORE UPDATE OF superseded_by ON contextpilot.context_units
FOR EACH STATEMENT EXECUTE FUNCTION contextpilot.take_turns_superseding();

-- After the statement, so that it also sees the other rows that a statement by hand has changed.
CREATE TRIGGER context_units_superseded_by
AFTER INSERT OR UPDATE OF superseded_by ON contextpilot.context_units
FOR EACH ROW WHEN (NEW.superseded_by IS NOT NULL)
EXECUTE FUNCTION contextpilot.refuse_superseding_cycle();
