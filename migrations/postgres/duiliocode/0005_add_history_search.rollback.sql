-- Remove history search.

DROP TRIGGER conversation_history_search_vector ON duiliocode.conversation_history;

DROP FUNCTION duiliocode.set_history_search_vector();

DROP FUNCTION duiliocode.history_search_vector(text);

-- Takes idx_history_search_vector with it.
ALTER TABLE duiliocode.conversation_history DROP COLUMN search_vector;
