CREATE TABLE rawstore_bench.users (
    id uuid NOT NULL,
    email text NOT NULL,
    name text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT users_pkey PRIMARY KEY (id)
);

CREATE TABLE rawstore_bench.notes (
    id bigint GENERATED ALWAYS AS IDENTITY,
    user_id uuid NOT NULL,
    body text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT notes_pkey PRIMARY KEY (id)
);

CREATE TABLE rawstore_bench.counters (
    user_id uuid NOT NULL,
    notes bigint NOT NULL,
    CONSTRAINT counters_pkey PRIMARY KEY (user_id)
);

CREATE TABLE rawstore_bench.readings (
    id bigint NOT NULL,
    sensor text NOT NULL,
    celsius float NOT NULL,
    CONSTRAINT readings_pkey PRIMARY KEY (id)
);
