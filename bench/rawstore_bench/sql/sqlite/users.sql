-- Users, read one by one and in lists.

-- row: User(id uuid, email text, name text, created_at timestamptz)

-- name: get_user(user_id uuid) :one User
SELECT
    id,
    email,
    name,
    created_at
FROM users
WHERE id = :user_id;

-- name: list_users(after uuid, page int) :many User
-- The next in the order of ids.
SELECT
    id,
    email,
    name,
    created_at
FROM users
WHERE id > :after
ORDER BY id
LIMIT :page;
