-- Look about as widely as before.

DROP FUNCTION contextpilot.ef_search(integer);

DROP FUNCTION contextpilot.idx_context_unit_embedding_384_ef_search();

DROP FUNCTION contextpilot.idx_context_unit_embedding_768_ef_search();

DROP FUNCTION contextpilot.idx_context_unit_embedding_1024_ef_search();

DROP FUNCTION contextpilot.idx_context_unit_embedding_1536_ef_search();
