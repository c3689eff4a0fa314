-- Add history search.
-- depends: 0004_create_system_metrics

-- The user_id as one word for the index below, whatever characters are in it. A search asks for
-- it together with the words, and so meets no other users' messages.
ALTER TABLE conversation_history
ADD COLUMN owner text GENERATED ALWAYS AS ('u' || hex(user_id)) VIRTUAL;

-- An index without a copy of the texts, kept in step by the three triggers below. Accents count
-- and words are stemmed, as in PostgreSQL's english.
CREATE VIRTUAL TABLE conversation_history_search USING fts5 (
    owner,
    content,
    content = 'conversation_history',
    content_rowid = 'id',
    tokenize = 'porter unicode61 remove_diacritics 0'
);

CREATE TRIGGER conversation_history_search_insert
AFTER INSERT ON conversation_history
BEGIN
    INSERT INTO conversation_history_search (rowid, owner, content)
    VALUES (NEW.id, NEW.owner, NEW.content);
END;

-- FTS5 takes a row out by being told what the row was.
CREATE TRIGGER conversation_history_search_delete
AFTER DELETE ON conversation_history
BEGIN
    INSERT INTO conversation_history_search (
        conversation_history_search, rowid, owner, content
    )
    VALUES ('delete', OLD.id, OLD.owner, OLD.content);
END;

CREATE TRIGGER conversation_history_search_update
AFTER UPDATE OF id, user_id, content ON conversation_history
BEGIN
    INSERT INTO conversation_history_search (
        conversation_history_search, rowid, owner, content
    )
    VALUES ('delete', OLD.id, OLD.owner, OLD.content);
    INSERT INTO conversation_history_search (rowid, owner, content)
    VALUES (NEW.id, NEW.owner, NEW.content);
END;

-- Messages that are there already, after a rollback of this file.
INSERT INTO conversation_history_search (conversation_history_search)
VALUES ('rebuild');
