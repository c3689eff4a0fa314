-- Create user preferences.
-- depends: 0001_create_functions

-- The lengths keep (user_id, key) within what a B-tree entry holds (2704 bytes). key is ordered
-- byte by byte, as SQLite does it, so that lists are the same on every server.
CREATE TABLE duiliocode.user_preferences (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    user_id text NOT NULL,
    key text COLLATE "C" NOT NULL,
    value text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT user_preferences_pkey PRIMARY KEY (id),
    CONSTRAINT user_preferences_user_id_key_key UNIQUE (user_id, key),
    CONSTRAINT user_preferences_user_id_check CHECK (octet_length(user_id) <= 1024),
    CONSTRAINT user_preferences_key_check CHECK (octet_length(key) <= 1024)
);

-- Every column but updated_at itself; a new column joins this list.
CREATE TRIGGER user_preferences_updated_at
BEFORE UPDATE OF id, user_id, key, value, created_at ON duiliocode.user_preferences
FOR EACH ROW EXECUTE FUNCTION duiliocode.set_updated_at();
