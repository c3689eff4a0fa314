-- Create user preferences.
-- depends: 0001_create_functions

-- The lengths are PostgreSQL's, whose B-tree entries hold 2704 bytes.
CREATE TABLE user_preferences (
    id integer CONSTRAINT user_preferences_pkey PRIMARY KEY AUTOINCREMENT,
    user_id text NOT NULL,
    key text NOT NULL,
    value text NOT NULL,
    created_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    updated_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    CONSTRAINT user_preferences_user_id_key_key UNIQUE (user_id, key),
    CONSTRAINT user_preferences_user_id_check
    CHECK (length(cast(user_id AS blob)) <= 1024),
    CONSTRAINT user_preferences_key_check CHECK (length(cast(key AS blob)) <= 1024),
    CONSTRAINT user_preferences_created_at_check
    CHECK (created_at GLOB '????-??-??T??:??:??.??????Z'),
    CONSTRAINT user_preferences_updated_at_check
    CHECK (updated_at GLOB '????-??-??T??:??:??.??????Z')
) STRICT;

-- Every column but updated_at itself; a new one joins this list.
CREATE TRIGGER user_preferences_updated_at
AFTER UPDATE OF id, user_id, key, value, created_at ON user_preferences
WHEN NEW.updated_at = OLD.updated_at
BEGIN
    UPDATE user_preferences
    SET
        updated_at = max(
            strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'),
            printf(
                '%.20s%06dZ',
                updated_at, min(substr(updated_at, 21, 6) + 1, 999999)
            )
        )
    WHERE id = NEW.id;
END;
