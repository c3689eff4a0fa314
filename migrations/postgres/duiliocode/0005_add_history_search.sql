-- Add history search.
-- depends: 0004_create_system_metrics

ALTER TABLE duiliocode.conversation_history ADD COLUMN search_vector tsvector;

-- The searchable words of a message.
-- A tsvector ends at 1 MB and PostgreSQL then raises 54000, which must not refuse the message.
-- 250 000 characters fit nearly always; where they do not (long texts of many different words in
-- a script of three or four bytes a letter), half of them is tried.
CREATE FUNCTION duiliocode.history_search_vector(content text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE
SET search_path = ''
AS $$
DECLARE
    characters integer := 250000;
BEGIN
    LOOP
        BEGIN
            RETURN to_tsvector('pg_catalog.english', left(content, characters));
        EXCEPTION WHEN program_limit_exceeded THEN
            characters := characters / 2;
        END;
    END LOOP;
END
$$;

CREATE FUNCTION duiliocode.set_history_search_vector() RETURNS trigger
LANGUAGE plpgsql
SET search_path = ''
AS $$
BEGIN
    NEW.search_vector := duiliocode.history_search_vector(NEW.content);
    RETURN NEW;
END
$$;

CREATE TRIGGER conversation_history_search_vector
BEFORE INSERT OR UPDATE OF content ON duiliocode.conversation_history
FOR EACH ROW EXECUTE FUNCTION duiliocode.set_history_search_vector();

-- Messages that are there already, after a rollback of this file.
UPDATE duiliocode.conversation_history
SET search_vector = duiliocode.history_search_vector(content);

-- Not CONCURRENTLY: the table is new in this history, and the UPDATE has locked its rows.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX idx_history_search_vector
ON duiliocode.conversation_history USING gin (search_vector);
