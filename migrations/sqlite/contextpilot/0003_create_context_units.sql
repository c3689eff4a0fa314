-- Create context units.
-- depends: 0002_create_vector_extension

-- The lengths are PostgreSQL's, whose B-tree entries hold 2704 bytes; the dimensions are pgvector's.
-- The columns stand in the order of what a search reads, the long ones last: a row's further pages
-- are found one by one.
CREATE TABLE context_units (
    seq integer CONSTRAINT context_units_pkey PRIMARY KEY,
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
    source_type text NOT NULL,
    name text NOT NULL,
    created_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    updated_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    superseded_by text,
    embedding blob,
    metadata text NOT NULL DEFAULT '{}',
    content text NOT NULL,
    CONSTRAINT context_units_id_key UNIQUE (id),
    CONSTRAINT context_units_superseded_by_fkey FOREIGN KEY (superseded_by)
    REFERENCES context_units (id),
    CONSTRAINT context_units_id_check CHECK (length(cast(id AS blob)) <= 1024),
    CONSTRAINT context_units_source_type_check
    CHECK (length(cast(source_type AS blob)) <= 1024),
    CONSTRAINT context_units_metadata_check CHECK (json_valid(metadata)),
    CONSTRAINT context_units_embedding_check
    CHECK (length(embedding) % 4 = 0 AND length(embedding) BETWEEN 4 AND 64000),
    CONSTRAINT context_units_created_at_check
    CHECK (created_at GLOB '????-??-??T??:??:??.??????Z'),
    CONSTRAINT context_units_updated_at_check
    CHECK (updated_at GLOB '????-??-??T??:??:??.??????Z'),
    -- Longer cycles: see the triggers context_units_superseded_by_….
    CONSTRAINT context_units_superseded_by_check
    CHECK (superseded_by <> id AND length(cast(superseded_by AS blob)) <= 1024)
) STRICT;

-- The foreign key, count_contexts, and list_contexts, which merges what it finds here (null) with
-- what the next index holds.
CREATE INDEX idx_context_unit_superseded_by_created
ON context_units (superseded_by, created_at);

CREATE INDEX idx_context_unit_superseded_created
ON context_units (created_at)
WHERE superseded_by IS NOT NULL;

-- list_contexts with a source_type, of which every unit is in one.
CREATE INDEX idx_context_unit_live_source_type_created
ON context_units (source_type, created_at)
WHERE superseded_by IS NULL;

CREATE INDEX idx_context_unit_superseded_source_type_created
ON context_units (source_type, created_at)
WHERE superseded_by IS NOT NULL;

-- search_contexts. PostgreSQL's other four, which search approximately, have no like here.
CREATE INDEX idx_context_unit_live_dimensions
ON context_units (length(embedding), source_type)
WHERE superseded_by IS NULL;

-- Every column but updated_at itself; a new column joins this list.
CREATE TRIGGER context_units_updated_at
AFTER UPDATE OF
id,
source_type,
name,
content,
metadata,
created_at,
superseded_by,
embedding
ON context_units
WHEN NEW.updated_at = OLD.updated_at
BEGIN
    UPDATE context_units
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
