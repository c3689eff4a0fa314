-- Tune similarity search.
-- depends: 0006_create_messages

-- How widely a search looks about in each index: `rawstore vectors tune` writes its finding here,
-- so that it counts at once in every session, and is in every dump. Not IMMUTABLE: plans that are
-- kept would keep the number.
CREATE FUNCTION contextpilot.idx_context_unit_embedding_384_ef_search()
RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT 200 $$;

CREATE FUNCTION contextpilot.idx_context_unit_embedding_768_ef_search()
RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT 200 $$;

CREATE FUNCTION contextpilot.idx_context_unit_embedding_1024_ef_search()
RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT 200 $$;

CREATE FUNCTION contextpilot.idx_context_unit_embedding_1536_ef_search()
RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT 200 $$;

-- The same by the dimensions; others have no index.
CREATE FUNCTION contextpilot.ef_search(dimensions integer) RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
SELECT
    CASE dimensions
        WHEN 384 THEN contextpilot.idx_context_unit_embedding_384_ef_search()
        WHEN 768 THEN contextpilot.idx_context_unit_embedding_768_ef_search()
        WHEN 1024 THEN contextpilot.idx_context_unit_embedding_1024_ef_search()
        WHEN 1536 THEN contextpilot.idx_context_unit_embedding_1536_ef_search()
        ELSE 200
    END
$$;
