-- Add knowledge search.
-- depends: 0005_create_knowledge_chunks

-- An index without a copy of the texts, kept in step by the three triggers below. Accents count
-- and words are stemmed, as in PostgreSQL's english.
CREATE VIRTUAL TABLE knowledge_chunks_search USING fts5 (
    title,
    content,
    content = 'knowledge_chunks',
    content_rowid = 'seq',
    tokenize = 'porter unicode61 remove_diacritics 0'
);

CREATE TRIGGER knowledge_chunks_search_insert
AFTER INSERT ON knowledge_chunks
BEGIN
    INSERT INTO knowledge_chunks_search (rowid, title, content)
    VALUES (NEW.seq, NEW.title, NEW.content);
END;

-- FTS5 takes a row out by being told what the row was.
CREATE TRIGGER knowledge_chunks_search_delete
AFTER DELETE ON knowledge_chunks
BEGIN
    INSERT INTO knowledge_chunks_search (
        knowledge_chunks_search, rowid, title, content
    )
    VALUES ('delete', OLD.seq, OLD.title, OLD.content);
END;

CREATE TRIGGER knowledge_chunks_search_update
AFTER UPDATE OF seq, title, content ON knowledge_chunks
BEGIN
    INSERT INTO knowledge_chunks_search (
        knowledge_chunks_search, rowid, title, content
    )
    VALUES ('delete', OLD.seq, OLD.title, OLD.content);
    INSERT INTO knowledge_chunks_search (rowid, title, content)
    VALUES (NEW.seq, NEW.title, NEW.content);
END;

-- Chunks that are there already, after a rollback of this file.
INSERT INTO knowledge_chunks_search (knowledge_chunks_search) VALUES ('rebuild');
