-- Create context units.
-- depends: 0002_create_vector_extension

-- Whether a vector can be compared by direction: it is not zero, and pgvector, which computes in
-- float32, does not fail at its length. The cost is that of fetching a long vector and comparing
-- it, of which the planner else knows nothing: it would rather read a whole table than use one of
-- the indexes below, whose condition this is. In plpgsql, since a function in SQL would dissolve.
CREATE FUNCTION contextpilot.has_direction(embedding public.vector) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 200
SET search_path = ''
AS $$
BEGIN
    RETURN public.vector_norm(embedding) BETWEEN 1e-18 AND 1e18;
END
$$;

-- The lengths keep each value within what a B-tree entry holds (2704 bytes).
-- An embedding has any number of dimensions; a unit may have none.
CREATE TABLE contextpilot.context_units (
    id text NOT NULL DEFAULT contextpilot.uuid_v7()::text,
    source_type text NOT NULL,
    name text NOT NULL,
    content text NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    embedding public.vector,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    superseded_by text,
    CONSTRAINT context_units_pkey PRIMARY KEY (id),
    CONSTRAINT context_units_superseded_by_fkey FOREIGN KEY (superseded_by)
    REFERENCES contextpilot.context_units (id),
    CONSTRAINT context_units_id_check CHECK (octet_length(id) <= 1024),
    CONSTRAINT context_units_source_type_check
    CHECK (octet_length(source_type) <= 1024),
    -- Longer cycles: see the trigger context_units_superseded_by.
    CONSTRAINT context_units_superseded_by_check
    CHECK (superseded_by <> id AND octet_length(superseded_by) <= 1024)
);

-- The foreign key.
CREATE INDEX idx_context_unit_superseded_by
ON contextpilot.context_units (superseded_by)
WHERE superseded_by IS NOT NULL;

-- list_contexts and count_contexts: every unit is in one index of each pair. id is in them because
-- the two are merged, for which each must be in the whole order.
CREATE INDEX idx_context_unit_live_created
ON contextpilot.context_units (created_at, id)
WHERE superseded_by IS NULL;

CREATE INDEX idx_context_unit_superseded_created
ON contextpilot.context_units (created_at, id)
WHERE superseded_by IS NOT NULL;

-- list_contexts with a source_type: likewise. NULLS LAST, though there are no nulls: it is an order
-- that the two above do not have, so that no walk along those is in question.
CREATE INDEX idx_context_unit_live_source_type_created
ON contextpilot.context_units (source_type, created_at DESC NULLS LAST, id DESC)
WHERE superseded_by IS NULL;

CREATE INDEX idx_context_unit_superseded_source_type_created
ON contextpilot.context_units (source_type, created_at DESC NULLS LAST, id DESC)
WHERE superseded_by IS NOT NULL;

-- search_contexts, exactly: among few, and in dimensions without an index of their own below.
CREATE INDEX idx_context_unit_live_dimensions
ON contextpilot.context_units (public.vector_dims(embedding), source_type)
WHERE superseded_by IS NULL;

-- How many units have which dimension, for the planner: it takes nothing from a partial index.
CREATE STATISTICS contextpilot.context_units_dimensions
ON source_type, (public.vector_dims(embedding)) FROM contextpilot.context_units;

-- search_contexts, approximately. Built here and not CONCURRENTLY, for the table is new and empty.
CREATE INDEX idx_context_unit_embedding_384 ON contextpilot.context_units
USING hnsw ((embedding::public.vector(384)) public.vector_cosine_ops)
WITH (ef_construction = 128)
WHERE
public.vector_dims(embedding) = 384
AND superseded_by IS NULL
AND contextpilot.has_direction(embedding);

CREATE INDEX idx_context_unit_embedding_768 ON contextpilot.context_units
USING hnsw ((embedding::public.vector(768)) public.vector_cosine_ops)
WITH (ef_construction = 128)
WHERE
public.vector_dims(embedding) = 768
AND superseded_by IS NULL
AND contextpilot.has_direction(embedding);

CREATE INDEX idx_context_unit_embedding_1024 ON contextpilot.context_units
USING hnsw ((embedding::public.vector(1024)) public.vector_cosine_ops)
WITH (ef_construction = 128)
WHERE
public.vector_dims(embedding) = 1024
AND superseded_by IS NULL
AND contextpilot.has_direction(embedding);

CREATE INDEX idx_context_unit_embedding_1536 ON contextpilot.context_units
USING hnsw ((embedding::public.vector(1536)) public.vector_cosine_ops)
WITH (ef_construction = 128)
WHERE
public.vector_dims(embedding) = 1536
AND superseded_by IS NULL
AND contextpilot.has_direction(embedding);

-- Every column but updated_at itself; a new column joins this list.
CREATE TRIGGER context_units_updated_at
BEFORE UPDATE OF
id,
source_type,
name,
content,
metadata,
embedding,
created_at,
superseded_by
ON contextpilot.context_units
FOR EACH ROW EXECUTE FUNCTION contextpilot.set_updated_at();
