-- Search as many lists as before.

CREATE OR REPLACE FUNCTION collections.nearest_items(
    tenant text, target public.vector, top_k bigint, model text
) RETURNS TABLE (place bigint, nearest_id text, distance double precision)
LANGUAGE plpgsql STABLE ROWS 10
SET search_path = ''
SET plan_cache_mode = force_custom_plan
SET jit = off
AS $$
DECLARE
    few bigint;
    owned bigint;
    first_ids text[];
    found_ids text[];
    distances double precision[];
BEGIN
    SELECT greatest(10000, reltuples * 0.3) INTO few
    FROM pg_catalog.pg_class
    WHERE oid = 'collections.embeddings'::regclass;
    SELECT count(*) INTO owned
    FROM (
        SELECT FROM collections.embeddings
        WHERE
            user_id = tenant
            AND vector IS NOT NULL
            AND (model IS NULL OR embedding_model = model)
        LIMIT few + 1
    ) AS counted;
    IF owned > few AND top_k BETWEEN 1 AND 1000 THEN
        SELECT array_agg(nearest.nearest_id) INTO first_ids
        FROM collections.approximately_nearest_items(tenant, target, top_k, model, 4)
            AS nearest;
        SELECT array_agg(nearest.nearest_id), array_agg(nearest.distance)
        INTO found_ids, distances
        FROM collections.approximately_nearest_items(tenant, target, top_k, model, 16)
            AS nearest;
        IF (SELECT count(*) FROM unnest(found_ids) AS id WHERE id = ANY (first_ids))
            >= 0.7 * cardinality(found_ids)
        THEN
            RETURN QUERY
            SELECT row_number() OVER (ORDER BY dist, id COLLATE "C"), id, dist
            FROM unnest(found_ids, distances) AS nearest (id, dist);
            RETURN;
        END IF;
    END IF;
    RETURN QUERY
    SELECT row_number() OVER (ORDER BY dist, item_id COLLATE "C"), item_id, dist
    FROM (
        SELECT item_id, min(vector OPERATOR(public.<=>) target) AS dist
        FROM collections.embeddings
        WHERE
            user_id = tenant
            AND vector IS NOT NULL
            AND (model IS NULL OR embedding_model = model)
        GROUP BY item_id
        -- Of a vector without a direction the distance is no number.
        HAVING min(vector OPERATOR(public.<=>) target) <> 'NaN'
        ORDER BY dist, item_id COLLATE "C"
        LIMIT top_k
    ) AS compared;
END
$$;

DROP FUNCTION collections.idx_embeddings_vector_cosine_probes();
