-- Create users.
-- depends: 0001_create_functions

-- The lengths are PostgreSQL's, whose B-tree entries hold 2704 bytes.
-- is_known: 1 once get_or_create_user_by_external_id has met the row; that is how it tells a
-- row that it made from one that it found.
CREATE TABLE users (
    seq integer CONSTRAINT users_pkey PRIMARY KEY,
    id text NOT NULL DEFAULT (
        printf(
            '%08x-%04x-7%03x-%04x-%s',
            cast(strftime('%s', 'now') || substr(strftime('%f', 'now'), 4) AS integer)
            >> 16,
            cast(strftime('%s', 'now') || substr(strftime('%f', 'now'), 4) AS integer)
            & 65535,
            random() & 4095,
            32768 | (random() & 16383),
            lower(hex(randomblob(6)))
        )
    ),
    external_id text,
    name text,
    email text,
    is_known integer NOT NULL DEFAULT 0,
    created_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    updated_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    CONSTRAINT users_id_key UNIQUE (id),
    CONSTRAINT users_external_id_key UNIQUE (external_id),
    CONSTRAINT users_email_key UNIQUE (email),
    CONSTRAINT users_external_id_check
    CHECK (length(cast(external_id AS blob)) <= 1024),
    CONSTRAINT users_email_check CHECK (length(cast(email AS blob)) <= 1024),
    CONSTRAINT users_is_known_check CHECK (is_known IN (0, 1)),
    CONSTRAINT users_id_check
    CHECK (id GLOB '????????-????-????-????-????????????' AND id = lower(id)),
    CONSTRAINT users_created_at_check
    CHECK (created_at GLOB '????-??-??T??:??:??.??????Z'),
    CONSTRAINT users_updated_at_check
    CHECK (updated_at GLOB '????-??-??T??:??:??.??????Z')
) STRICT;

-- list_users.
CREATE INDEX idx_user_created ON users (created_at);

-- Every column of the contract but updated_at itself; a new one joins this list.
CREATE TRIGGER users_updated_at
AFTER UPDATE OF id, external_id, name, email, created_at ON users
WHEN NEW.updated_at = OLD.updated_at
BEGIN
    UPDATE users
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
