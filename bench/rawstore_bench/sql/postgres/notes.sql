-- Notes of users, inserted one by one, and their count, kept beside them.

-- row: Note(id bigint, user_id uuid, body text, created_at timestamptz)

-- name: add_note(user_id uuid, body text, created_at timestamptz) :one Note
INSERT INTO rawstore_bench.notes (user_id, body, created_at)
VALUES (:user_id, :body, :created_at)
RETURNING id, user_id, body, created_at;

-- name: count_note(user_id uuid) :affected
UPDATE rawstore_bench.counters
SET notes = notes + 1
WHERE user_id = :user_id;
