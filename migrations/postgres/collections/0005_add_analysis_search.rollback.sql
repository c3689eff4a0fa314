-- Remove analysis search.

DROP TRIGGER analyses_search_vector_trigger ON collections.analyses;

DROP FUNCTION collections.set_analysis_search_vector();

DROP FUNCTION collections.analysis_search_vector(text, text, jsonb);

DROP FUNCTION collections.response_text(text, text, jsonb, integer);

-- Takes idx_analyses_search_vector with it.
ALTER TABLE collections.analyses DROP COLUMN search_vector;
