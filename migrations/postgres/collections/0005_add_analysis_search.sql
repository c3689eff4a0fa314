-- Add analysis search.
-- depends: 0004_create_analyses

ALTER TABLE collections.analyses ADD COLUMN search_vector tsvector;

-- The texts of a response, tags and other lists included, without those that are the category or
-- the summary: of each at most a fifth of the characters, of all at most the characters.
CREATE FUNCTION collections.response_text(
    category text, summary text, raw_response jsonb, characters integer
) RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = ''
AS $$
BEGIN
    RETURN (
        SELECT
            left(
                string_agg(left(string, characters / 5), ' … ' ORDER BY position),
                characters
            )
        FROM (
            SELECT value #>> '{}' AS string, position
            FROM
                jsonb_path_query(raw_response, 'strict $.** ? (@.type() == "string")')
                    WITH ORDINALITY AS strings (value, position)
        ) AS strings
        WHERE
            string IS DISTINCT FROM category
            AND string IS DISTINCT FROM summary
    );
END
$$;

-- The searchable words of an analysis: its category's weighted A, its summary's B, the
-- response's C.
-- A tsvector ends at 1 MB and PostgreSQL then raises 54000, which must not refuse the analysis.
-- 250 000 characters of each fit nearly always; where they do not (long texts of many different
-- words, most of all in a script of three or four bytes a letter), half of them is tried.
CREATE FUNCTION collections.analysis_search_vector(
    category text, summary text, raw_response jsonb
) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE
SET search_path = ''
AS $$
DECLARE
    characters integer := 250000;
BEGIN
    LOOP
        BEGIN
            RETURN
                setweight(
                    to_tsvector('pg_catalog.english', coalesce(category, '')), 'A'
                )
                || setweight(
                    to_tsvector(
                        'pg_catalog.english', left(coalesce(summary, ''), characters)
                    ),
                    'B'
                )
                || setweight(
                    to_tsvector(
                        'pg_catalog.english',
                        coalesce(
                            collections.response_text(
                                category, summary, raw_response, characters
                            ),
                            ''
                        )
                    ),
                    'C'
                );
        EXCEPTION WHEN program_limit_exceeded THEN
            characters := characters / 2;
        END;
    END LOOP;
END
$$;

CREATE FUNCTION collections.set_analysis_search_vector() RETURNS trigger
LANGUAGE plpgsql
SET search_path = ''
AS $$
BEGIN
    NEW.search_vector := collections.analysis_search_vector(
        NEW.category, NEW.summary, NEW.raw_response
    );
    RETURN NEW;
END
$$;

CREATE TRIGGER analyses_search_vector_trigger
BEFORE INSERT OR UPDATE OF category, summary, raw_response ON collections.analyses
FOR EACH ROW EXECUTE FUNCTION collections.set_analysis_search_vector();

-- Analyses that are there already, after a rollback of this file.
UPDATE collections.analyses
SET
    search_vector = collections.analysis_search_vector(category, summary, raw_response);

-- Not CONCURRENTLY: the table is new in this history, and the UPDATE has locked its rows.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX idx_analyses_search_vector
ON collections.analyses USING gin (search_vector);
