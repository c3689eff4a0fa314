CREATE TABLE users (
    id text NOT NULL PRIMARY KEY,
    email text NOT NULL,
    name text NOT NULL,
    created_at text NOT NULL
) STRICT;

CREATE TABLE notes (
    id integer PRIMARY KEY,
    user_id text NOT NULL,
    body text NOT NULL,
    created_at text NOT NULL
) STRICT;

CREATE TABLE counters (
    user_id text NOT NULL PRIMARY KEY,
    notes integer NOT NULL
) STRICT;

CREATE TABLE readings (
    id integer NOT NULL PRIMARY KEY,
    sensor text NOT NULL,
    celsius real NOT NULL
) STRICT;
