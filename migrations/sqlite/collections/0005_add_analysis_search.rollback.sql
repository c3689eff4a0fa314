-- Remove analysis search.

DROP TRIGGER analyses_search_update;

DROP TRIGGER analyses_search_delete;

DROP TRIGGER analyses_search_insert;

DROP TABLE analyses_search;

DROP VIEW analyses_texts;
