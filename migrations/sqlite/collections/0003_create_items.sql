-- Create items.
-- depends: 0002_create_functions

-- The lengths are PostgreSQL's, whose B-tree entries hold 2704 bytes.
-- latest_version and latest_category are those of the item's latest analysis (0 and null: it
-- has none), kept by triggers of analyses: a tenant's items of one category, and how many they
-- are, would otherwise take a look at each item. Rows never return them.
CREATE TABLE items (
    seq integer CONSTRAINT items_pkey PRIMARY KEY,
    user_id text NOT NULL,
    id text NOT NULL,
    filename text NOT NULL,
    original_filename text,
    file_path text NOT NULL,
    file_size integer,
    mime_type text,
    latest_version integer NOT NULL DEFAULT 0,
    latest_category text,
    created_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    updated_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    CONSTRAINT items_user_id_id_key UNIQUE (user_id, id),
    CONSTRAINT items_user_id_check CHECK (length(cast(user_id AS blob)) <= 1024),
    CONSTRAINT items_id_check CHECK (length(cast(id AS blob)) <= 1024),
    CONSTRAINT items_mime_type_check CHECK (length(cast(mime_type AS blob)) <= 1024),
    CONSTRAINT items_latest_version_check CHECK (latest_version >= 0),
    CONSTRAINT items_latest_category_check
    CHECK (length(cast(latest_category AS blob)) <= 1024),
    CONSTRAINT items_created_at_check
    CHECK (created_at GLOB '????-??-??T??:??:??.??????Z'),
    CONSTRAINT items_updated_at_check
    CHECK (updated_at GLOB '????-??-??T??:??:??.??????Z')
) STRICT;

-- list_items.
CREATE INDEX idx_items_user_created ON items (user_id, created_at);

-- list_items and count_items with a category, list_categories.
CREATE INDEX idx_items_user_category_created
ON items (user_id, latest_category, created_at);

-- list_items with a mime_type.
CREATE INDEX idx_items_user_mime_type_created ON items (user_id, mime_type, created_at);

-- Every column of the contract but updated_at itself: an item does not change by being analysed.
-- A new column joins this list.
CREATE TRIGGER items_updated_at
AFTER UPDATE OF
user_id,
id,
filename,
original_filename,
file_path,
file_size,
mime_type,
created_at
ON items
WHEN NEW.updated_at = OLD.updated_at
BEGIN
    UPDATE items
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
