-- Preferences of the users: a value for each key.
--
-- An update sets updated_at itself, for RETURNING does not see what a trigger changes: to now, or a
-- microsecond on where that would not be later.

-- row: UserPreference(id bigint, user_id text, key text, value text, created_at timestamptz,
--     updated_at timestamptz)

-- name: set_preference(user_id text, key text, value text) :one UserPreference
-- A new preference, or where the user has this key already that one with the value replaced.
INSERT INTO user_preferences (user_id, key, value)
VALUES (:user_id, :key, :value)
ON CONFLICT (user_id, key) DO UPDATE SET
    value = excluded.value,
    updated_at = max(
        strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'),
        printf('%.20s%06dZ', updated_at, min(substr(updated_at, 21, 6) + 1, 999999))
    )
RETURNING
    id,
    user_id,
    key,
    value,
    created_at,
    updated_at;

-- name: get_preference(user_id text, key text) :scalar text?
-- The value; None if the user has no such preference.
SELECT value
FROM user_preferences
WHERE user_id = :user_id AND key = :key;

-- name: list_preferences(user_id text) :many UserPreference
-- export: the user's preferences
-- By key, in the order of its bytes.
-- all: a user has few preferences
SELECT
    id,
    user_id,
    key,
    value,
    created_at,
    updated_at
FROM user_preferences
WHERE user_id = :user_id
ORDER BY key;

-- name: delete_preference(user_id text, key text) :affected
DELETE FROM user_preferences
WHERE user_id = :user_id AND key = :key;

-- name: delete_user_preferences(user_id text) :affected
-- erase: the user's preferences
DELETE FROM user_preferences
WHERE user_id = :user_id;
