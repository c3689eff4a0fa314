-- Users of the chat application.
--
-- Lists are ordered by (created_at, seq) where PostgreSQL says (created_at, id): an id made here has
-- only milliseconds, seq tells the order of insertion.
-- An update sets updated_at itself, for RETURNING does not see what a trigger changes: to now, or a
-- microsecond on where that would not be later.

-- row: User(id uuid, external_id text?, name text?, email text?, created_at timestamptz,
--     updated_at timestamptz)

-- row: UserCreated(id uuid, external_id text?, name text?, email text?, created_at timestamptz,
--     updated_at timestamptz, created bool)

-- name: create_user(email text? = null, name text? = null, external_id text? = null) :one User
-- A new user; email and external_id are each unique where given.
INSERT INTO users (external_id, name, email)
VALUES (:external_id, :name, :email)
RETURNING
    id,
    external_id,
    name,
    email,
    created_at,
    updated_at;

-- name: get_user_by_id(user_id uuid) :one User
-- export: the user
SELECT
    id,
    external_id,
    name,
    email,
    created_at,
    updated_at
FROM users
WHERE id = :user_id;

-- name: get_user_by_email(email text) :one User
-- The user with exactly this address: upper and lower case differ.
SELECT
    id,
    external_id,
    name,
    email,
    created_at,
    updated_at
FROM users
WHERE email = :email;

-- name: get_user_by_external_id(external_id text) :one User
SELECT
    id,
    external_id,
    name,
    email,
    created_at,
    updated_at
FROM users
WHERE external_id = :external_id;

-- name: get_or_create_user_by_external_id(
--     external_id text, email text? = null, name text? = null) :one UserCreated
-- always: found, or made
-- The user with this external_id, made now with email and name if there is none; a user that is
-- there stays as it is, updated_at too. Of callers at the same moment one gets created = true.
-- An email that another user has is a unique violation.
-- Differs from postgres: a WITH cannot hold an INSERT here, so a user that is there is written too
-- (is_known, which tells found from made); where most are, call get_user_by_external_id first.
INSERT INTO users (external_id, name, email)
VALUES (:external_id, :name, :email)
ON CONFLICT (external_id) DO UPDATE SET
    is_known = 1
RETURNING
    id,
    external_id,
    name,
    email,
    created_at,
    updated_at,
    is_known = 0 AS created;

-- name: list_users(limit int = 100, offset int = 0) :many User
-- Newest first.
SELECT
    id,
    external_id,
    name,
    email,
    created_at,
    updated_at
FROM users
ORDER BY created_at DESC, seq DESC
LIMIT :limit OFFSET :offset;

-- name: update_user(user_id uuid, email text? = null, name text? = null) :one User
-- Null leaves a column as it is. None if there is no such user.
UPDATE users
SET
    email = coalesce(:email, email),
    name = coalesce(:name, name),
    updated_at = max(
        strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'),
        printf('%.20s%06dZ', updated_at, min(substr(updated_at, 21, 6) + 1, 999999))
    )
WHERE id = :user_id
RETURNING
    id,
    external_id,
    name,
    email,
    created_at,
    updated_at;

-- name: delete_user(user_id uuid) :affected
-- erase: the user
-- With the user's conversations and their messages.
-- growth: the user's conversations and their messages are deleted one by one
DELETE FROM users
WHERE id = :user_id;
