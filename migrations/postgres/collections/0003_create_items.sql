-- Create items.
-- depends: 0002_create_functions
-- A version, which counts the analyses of one item, is an int.
-- squawk-ignore-file prefer-bigint-over-int

-- The lengths keep two of these values within what a B-tree entry holds (2704 bytes).
-- latest_version and latest_category are those of the item's latest analysis (0 and null: it
-- has none), kept by a trigger of analyses: a tenant's items of one category, and how many they
-- are, would otherwise take a look at each item. Rows never return them. Categories sort by code
-- points, as in SQLite.
CREATE TABLE collections.items (
    user_id text NOT NULL,
    id text NOT NULL,
    filename text NOT NULL,
    original_filename text,
    file_path text NOT NULL,
    file_size bigint,
    mime_type text,
    latest_version integer NOT NULL DEFAULT 0,
    latest_category text COLLATE "C",
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT items_pkey PRIMARY KEY (user_id, id),
    CONSTRAINT items_user_id_check CHECK (octet_length(user_id) <= 1024),
    CONSTRAINT items_id_check CHECK (octet_length(id) <= 1024),
    CONSTRAINT items_mime_type_check CHECK (octet_length(mime_type) <= 1024),
    CONSTRAINT items_latest_version_check CHECK (latest_version >= 0),
    CONSTRAINT items_latest_category_check
    CHECK (octet_length(latest_category) <= 1024)
);

-- list_items.
CREATE INDEX idx_items_user_created ON collections.items (user_id, created_at);

-- list_items and count_items with a category, list_categories.
CREATE INDEX idx_items_user_category_created
ON collections.items (user_id, latest_category, created_at);

-- list_items with a mime_type.
CREATE INDEX idx_items_user_mime_type_created
ON collections.items (user_id, mime_type, created_at);

-- Every column of the contract but updated_at itself: an item does not change by being analysed.
-- A new column joins this list.
CREATE TRIGGER items_updated_at
BEFORE UPDATE OF
user_id,
id,
filename,
original_filename,
file_path,
file_size,
mime_type,
created_at
ON collections.items
FOR EACH ROW EXECUTE FUNCTION collections.set_updated_at();
