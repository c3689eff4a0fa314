-- Create knowledge chunks.
-- depends: 0004_create_messages

-- The lengths are PostgreSQL's, whose B-tree entries hold 2704 bytes.
CREATE TABLE knowledge_chunks (
    seq integer CONSTRAINT knowledge_chunks_pkey PRIMARY KEY,
    id text NOT NULL DEFAULT (
        printf(
            '%08x-%04x-7%03x-%04x-%s',
            cast(strftime('%s', 'now') || substr(strftime('%f', 'now'), 4) AS integer)
            >> 16,
            cast(strftime('%s', 'now') || substr(strftime('%f', 'now'), 4) AS integer)
            & 65535,
            random() & 4095,
            32768 | (random() & 16383),
            lower(hex(randomblob(6)))
        )
    ),
    source text NOT NULL,
    external_id text,
    title text,
    content text NOT NULL,
    chunk_metadata text,
    created_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    updated_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    CONSTRAINT knowledge_chunks_id_key UNIQUE (id),
    CONSTRAINT knowledge_chunks_source_external_id_key UNIQUE (source, external_id),
    CONSTRAINT knowledge_chunks_source_check
    CHECK (length(cast(source AS blob)) <= 1024),
    CONSTRAINT knowledge_chunks_external_id_check
    CHECK (length(cast(external_id AS blob)) <= 1024),
    CONSTRAINT knowledge_chunks_chunk_metadata_check
    CHECK (chunk_metadata IS NULL OR json_valid(chunk_metadata)),
    CONSTRAINT knowledge_chunks_id_check
    CHECK (id GLOB '????????-????-????-????-????????????' AND id = lower(id)),
    CONSTRAINT knowledge_chunks_created_at_check
    CHECK (created_at GLOB '????-??-??T??:??:??.??????Z'),
    CONSTRAINT knowledge_chunks_updated_at_check
    CHECK (updated_at GLOB '????-??-??T??:??:??.??????Z')
) STRICT;

-- search_knowledge_chunks_by_source.
CREATE INDEX idx_knowledge_source ON knowledge_chunks (source, created_at);

-- get_knowledge_chunk_by_external_id without a source.
CREATE INDEX idx_knowledge_external_id
ON knowledge_chunks (external_id, created_at);

-- list_all_knowledge_chunks.
CREATE INDEX idx_knowledge_created ON knowledge_chunks (created_at);

-- Every column but updated_at itself; a new column joins this list.
CREATE TRIGGER knowledge_chunks_updated_at
AFTER UPDATE OF id, source, external_id, title, content, chunk_metadata, created_at
ON knowledge_chunks
WHEN NEW.updated_at = OLD.updated_at
BEGIN
    UPDATE knowledge_chunks
    SET
        updated_at = max(
            strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'),
            printf(
                '%.20s%06dZ',
                updated_at, min(substr(updated_at, 21, 6) + 1, 999999)
            )
        )
    WHERE seq = NEW.seq;
END;
