-- Users of the chat application.
--
-- Lists are ordered by (created_at, id): ids rise with every row, so equal times keep the order of
-- insertion.

-- row: User(id uuid, external_id text?, name text?, email text?, created_at timestamptz,
--     updated_at timestamptz)

-- row: UserCreated(id uuid, external_id text?, name text?, email text?, created_at timestamptz,
--     updated_at timestamptz, created bool)

-- name: create_user(email text? = null, name text? = null, external_id text? = null) :one User
-- A new user; email and external_id are each unique where given.
INSERT INTO minipilot.users (external_id, name, email)
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
FROM minipilot.users
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
FROM minipilot.users
WHERE email = :email;

-- name: get_user_by_external_id(external_id text) :one User
SELECT
    id,
    external_id,
    name,
    email,
    created_at,
    updated_at
FROM minipilot.users
WHERE external_id = :external_id;

-- name: get_or_create_user_by_external_id(
--     external_id text, email text? = null, name text? = null) :one UserCreated
-- always: found, or made
-- The user with this external_id, made now with email and name if there is none; a user that is
-- there stays as it is, updated_at too. Of callers at the same moment one gets created = true.
-- An email that another user has is a unique violation.
-- A user that is there costs one read. Where there is none, callers for one external_id take turns (the
-- lock, held to the end of the transaction): inserting at once with one email as well, the second
-- would fail on that. Whom the first inserted is not in the second's snapshot; DO UPDATE, unlike DO
-- NOTHING, returns it. xmax is 0 in a row that was inserted, not in one that was updated.
WITH found AS (
    SELECT
        id,
        external_id,
        name,
        email,
        created_at,
        updated_at
    FROM minipilot.users
    WHERE external_id = :external_id
),

made AS (
    INSERT INTO minipilot.users (external_id, name, email)
    SELECT
        :external_id AS external_id,
        :name AS name,
        :email AS email
    FROM
        pg_advisory_xact_lock(
            hashtextextended(:external_id, 'minipilot.users'::regclass::oid::bigint)
        )
    WHERE NOT EXISTS (SELECT FROM found)
    ON CONFLICT (external_id) DO UPDATE
        SET
            updated_at = users.updated_at
    RETURNING
        id,
        external_id,
        name,
        email,
        created_at,
        updated_at,
        xmax = 0 AS created
)

SELECT
    id,
    external_id,
    name,
    email,
    created_at,
    updated_at,
    FALSE AS created
FROM found
UNION ALL
SELECT
    id,
    external_id,
    name,
    email,
    created_at,
    updated_at,
    created
FROM made;

-- name: list_users(limit int = 100, offset int = 0) :many User
-- Newest first.
SELECT
    id,
    external_id,
    name,
    email,
    created_at,
    updated_at
FROM minipilot.users
ORDER BY created_at DESC, id DESC
LIMIT :limit OFFSET :offset;

-- name: update_user(user_id uuid, email text? = null, name text? = null) :one User
-- Null leaves a column as it is. None if there is no such user.
UPDATE minipilot.users
SET
    email = coalesce(:email, email),
    name = coalesce(:name, name)
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
DELETE FROM minipilot.users
WHERE id = :user_id;
