-- Remove knowledge search.

DROP TRIGGER knowledge_chunks_search_vector ON minipilot.knowledge_chunks;

DROP FUNCTION minipilot.set_knowledge_search_vector();

DROP FUNCTION minipilot.knowledge_search_vector(text, text);

-- Takes idx_knowledge_search_vector with it.
ALTER TABLE minipilot.knowledge_chunks DROP COLUMN search_vector;
