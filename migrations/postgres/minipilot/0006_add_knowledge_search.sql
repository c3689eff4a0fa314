-- Add knowledge search.
-- depends: 0005_create_knowledge_chunks

ALTER TABLE minipilot.knowledge_chunks ADD COLUMN search_vector tsvector;

-- The searchable words of a chunk, those of the title weighted A, those of the content D.
-- A tsvector ends at 1 MB and PostgreSQL then raises 54000, which must not refuse the chunk.
-- 250 000 characters of content fit nearly always; where they do not (long texts of many
-- different words in a script of three or four bytes a letter), half of them is tried.
CREATE FUNCTION minipilot.knowledge_search_vector(title text, content text)
RETURNS tsvector
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
                    to_tsvector(
                        'pg_catalog.english', left(coalesce(title, ''), characters / 10)
                    ),
                    'A'
                )
                || setweight(
                    to_tsvector('pg_catalog.english', left(content, characters)), 'D'
                );
        EXCEPTION WHEN program_limit_exceeded THEN
            characters := characters / 2;
        END;
    END LOOP;
END
$$;

CREATE FUNCTION minipilot.set_knowledge_search_vector() RETURNS trigger
LANGUAGE plpgsql
SET search_path = ''
AS $$
BEGIN
    NEW.search_vector := minipilot.knowledge_search_vector(NEW.title, NEW.content);
    RETURN NEW;
END
$$;

CREATE TRIGGER knowledge_chunks_search_vector
BEFORE INSERT OR UPDATE OF title, content ON minipilot.knowledge_chunks
FOR EACH ROW EXECUTE FUNCTION minipilot.set_knowledge_search_vector();

-- Chunks that are there already, after a rollback of this file; updated_at stays, for
-- search_vector is not among its trigger's columns.
UPDATE minipilot.knowledge_chunks
SET search_vector = minipilot.knowledge_search_vector(title, content);

-- Not CONCURRENTLY: the table is new in this history, and the UPDATE has locked its rows.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX idx_knowledge_search_vector
ON minipilot.knowledge_chunks USING gin (search_vector);
