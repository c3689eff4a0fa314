-- Create knowledge chunks.
-- depends: 0004_create_messages

-- The lengths keep (source, external_id) within what a B-tree entry holds (2704 bytes).
CREATE TABLE minipilot.knowledge_chunks (
    id uuid NOT NULL DEFAULT minipilot.uuid_v7(),
    source text NOT NULL,
    external_id text,
    title text,
    content text NOT NULL,
    chunk_metadata jsonb,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT knowledge_chunks_pkey PRIMARY KEY (id),
    CONSTRAINT knowledge_chunks_source_external_id_key UNIQUE (source, external_id),
    CONSTRAINT knowledge_chunks_source_check CHECK (octet_length(source) <= 1024),
    CONSTRAINT knowledge_chunks_external_id_check
    CHECK (octet_length(external_id) <= 1024)
);

-- search_knowledge_chunks_by_source. NULLS LAST, here and below, though there are no nulls: it is an
-- order that idx_knowledge_created does not have, so that no walk along that one is in question.
CREATE INDEX idx_knowledge_source
ON minipilot.knowledge_chunks (source, created_at DESC NULLS LAST);

-- get_knowledge_chunk_by_external_id without a source.
CREATE INDEX idx_knowledge_external_id
ON minipilot.knowledge_chunks (external_id, created_at DESC NULLS LAST);

-- list_all_knowledge_chunks.
CREATE INDEX idx_knowledge_created ON minipilot.knowledge_chunks (created_at);

-- Every column but updated_at itself; a new column joins this list.
CREATE TRIGGER knowledge_chunks_updated_at
BEFORE UPDATE OF id, source, external_id, title, content, chunk_metadata, created_at
ON minipilot.knowledge_chunks
FOR EACH ROW EXECUTE FUNCTION minipilot.set_updated_at();
