-- Add analysis search.
-- depends: 0004_create_analyses

-- What is searched of an analysis. response: the texts of the response, tags and other lists
-- included, without those that are the category or the summary. tenant: the user_id as one word,
-- so that the index itself keeps to a tenant.
CREATE VIEW analyses_texts AS
SELECT
    analyses.seq,
    analyses.category,
    analyses.summary,
    'u' || hex(analyses.user_id) AS tenant,
    (
        SELECT group_concat(part.atom, ' … ')
        FROM json_tree(analyses.raw_response) AS part
        WHERE
            part.type = 'text'
            AND part.atom IS NOT analyses.category
            AND part.atom IS NOT analyses.summary
    ) AS response
FROM analyses;

-- The index, with a copy of the texts (FTS5 cannot fetch them from json_tree), kept in step by the
-- three triggers below. Accents count and words are stemmed, as in PostgreSQL's english.
CREATE VIRTUAL TABLE analyses_search USING fts5 (
    category,
    summary,
    tenant,
    response,
    tokenize = 'porter unicode61 remove_diacritics 0'
);

CREATE TRIGGER analyses_search_insert
AFTER INSERT ON analyses
BEGIN
    INSERT INTO analyses_search (rowid, category, summary, tenant, response)
    SELECT
        analyses_texts.seq,
        analyses_texts.category,
        analyses_texts.summary,
        analyses_texts.tenant,
        analyses_texts.response
    FROM analyses_texts
    WHERE analyses_texts.seq = NEW.seq; -- noqa: RF01
END;

CREATE TRIGGER analyses_search_delete
AFTER DELETE ON analyses
BEGIN
    DELETE FROM analyses_search
    WHERE rowid = OLD.seq;
END;

CREATE TRIGGER analyses_search_update
AFTER UPDATE OF seq, user_id, category, summary, raw_response ON analyses
BEGIN
    DELETE FROM analyses_search
    WHERE rowid = OLD.seq;
    INSERT INTO analyses_search (rowid, category, summary, tenant, response)
    SELECT
        analyses_texts.seq,
        analyses_texts.category,
        analyses_texts.summary,
        analyses_texts.tenant,
        analyses_texts.response
    FROM analyses_texts
    WHERE analyses_texts.seq = NEW.seq; -- noqa: RF01
END;

-- Analyses that are there already, after a rollback of this file.
INSERT INTO analyses_search (rowid, category, summary, tenant, response)
SELECT
    seq,
    category,
    summary,
    tenant,
    response
FROM analyses_texts;
