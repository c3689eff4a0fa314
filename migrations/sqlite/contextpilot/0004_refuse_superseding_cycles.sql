-- Refuse superseding cycles.
-- depends: 0003_create_context_units

-- Follows the chain of successors. One that comes back to where it started is made to break
-- context_units_superseded_by_check, so that the error is that of a check, as on PostgreSQL. There is
-- one writer at a time, so nobody else can change the chain meanwhile.
CREATE TRIGGER context_units_superseded_by_insert
AFTER INSERT ON context_units
WHEN NEW.superseded_by IS NOT NULL
BEGIN
    UPDATE context_units
    SET
        superseded_by = id
    WHERE
        seq = NEW.seq
        AND NEW.id IN (
            WITH RECURSIVE chain AS (
                SELECT NEW.superseded_by AS id -- noqa: RF01
                UNION
                SELECT context_units.superseded_by AS id
                FROM chain
                INNER JOIN context_units ON chain.id = context_units.id
                WHERE context_units.superseded_by IS NOT NULL
            )

            SELECT chain.id
            FROM chain
        );
END;

CREATE TRIGGER context_units_superseded_by_update
AFTER UPDATE OF superseded_by ON context_units
WHEN NEW.superseded_by IS NOT NULL
BEGIN
    UPDATE context_units
    SET
        superseded_by = id
    WHERE
        seq = NEW.seq
        AND NEW.id IN (
            WITH RECURSIVE chain AS (
                SELECT NEW.superseded_by AS id -- noqa: RF01
                UNION
                SELECT context_units.superseded_by AS id
                FROM chain
                INNER JOIN context_units ON chain.id = context_units.id
                WHERE context_units.superseded_by IS NOT NULL
            )

            SELECT chain.id
            FROM chain
        );
END;
