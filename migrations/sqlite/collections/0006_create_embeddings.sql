-- Create embeddings.
-- depends: 0005_add_analysis_search

-- The default id is a UUIDv7: 48 bits of milliseconds, the version 7, the rest random. 'now' is
-- one moment within a statement, so its two halves agree.
-- A vector is 1024 little-endian float32.
CREATE TABLE embeddings (
    seq integer CONSTRAINT embeddings_pkey PRIMARY KEY,
    user_id text NOT NULL,
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
    item_id text NOT NULL,
    analysis_id text NOT NULL,
    vector blob,
    embedding_model text NOT NULL,
    embedding_dimensions integer NOT NULL,
    embedding_source text,
    created_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    CONSTRAINT embeddings_user_id_id_key UNIQUE (user_id, id),
    CONSTRAINT embeddings_item_id_fkey FOREIGN KEY (user_id, item_id)
    REFERENCES items (user_id, id) ON DELETE CASCADE,
    CONSTRAINT embeddings_analysis_id_fkey FOREIGN KEY (user_id, analysis_id)
    REFERENCES analyses (user_id, id) ON DELETE CASCADE,
    CONSTRAINT embeddings_id_check CHECK (length(cast(id AS blob)) <= 1024),
    CONSTRAINT embeddings_vector_check CHECK (length(vector) = 4096),
    CONSTRAINT embeddings_embedding_model_check
    CHECK (length(cast(embedding_model AS blob)) <= 1024),
    CONSTRAINT embeddings_embedding_dimensions_check CHECK (embedding_dimensions > 0),
    CONSTRAINT embeddings_embedding_source_check
    CHECK (embedding_source IS NULL OR json_valid(embedding_source)),
    CONSTRAINT embeddings_created_at_check
    CHECK (created_at GLOB '????-??-??T??:??:??.??????Z')
) STRICT;

-- list_embeddings, and the foreign key to items.
CREATE INDEX idx_embeddings_user_item_created
ON embeddings (user_id, item_id, created_at);

-- The foreign key to analyses.
CREATE INDEX idx_embeddings_user_analysis ON embeddings (user_id, analysis_id);

-- search_similar.
CREATE INDEX idx_embeddings_user_model
ON embeddings (user_id, embedding_model)
WHERE vector IS NOT NULL;
