-- Create users.
-- depends: 0001_create_functions

-- The lengths keep each value within what a B-tree entry holds (2704 bytes).
CREATE TABLE minipilot.users (
    id uuid NOT NULL DEFAULT minipilot.uuid_v7(),
    external_id text,
    name text,
    email text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_external_id_key UNIQUE (external_id),
    CONSTRAINT users_email_key UNIQUE (email),
    CONSTRAINT users_external_id_check CHECK (octet_length(external_id) <= 1024),
    CONSTRAINT users_email_check CHECK (octet_length(email) <= 1024)
);

-- list_users.
CREATE INDEX idx_user_created ON minipilot.users (created_at);

-- Every column but updated_at itself: get_or_create_user_by_external_id touches only that one,
-- to lock the row without moving the time. A new column joins this list.
CREATE TRIGGER users_updated_at
BEFORE UPDATE OF id, external_id, name, email, created_at ON minipilot.users
FOR EACH ROW EXECUTE FUNCTION minipilot.set_updated_at();
