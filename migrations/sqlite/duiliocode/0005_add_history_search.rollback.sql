-- Remove history search.

DROP TRIGGER conversation_history_search_update;

DROP TRIGGER conversation_history_search_delete;

DROP TRIGGER conversation_history_search_insert;

DROP TABLE conversation_history_search;

ALTER TABLE conversation_history DROP COLUMN owner;
