-- Remove knowledge search.

DROP TRIGGER knowledge_chunks_search_update;

DROP TRIGGER knowledge_chunks_search_delete;

DROP TRIGGER knowledge_chunks_search_insert;

DROP TABLE knowledge_chunks_search;
