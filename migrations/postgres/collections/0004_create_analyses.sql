-- Create analyses.
-- depends: 0003_create_items
-- A version, which counts the analyses of one item, is an int.
-- squawk-ignore-file prefer-bigint-over-int

CREATE TABLE collections.analyses (
    user_id text NOT NULL,
    id text NOT NULL,
    item_id text NOT NULL,
    version integer NOT NULL,
    category text,
    summary text,
    raw_response jsonb,
    provider_used text,
    model_used text,
    trace_id text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT analyses_pkey PRIMARY KEY (user_id, id),
    CONSTRAINT analyses_user_id_item_id_version_key UNIQUE (user_id, item_id, version),
    CONSTRAINT analyses_item_id_fkey FOREIGN KEY (user_id, item_id)
    REFERENCES collections.items (user_id, id) ON DELETE CASCADE,
    CONSTRAINT analyses_id_check CHECK (octet_length(id) <= 1024),
    CONSTRAINT analyses_version_check CHECK (version > 0),
    CONSTRAINT analyses_category_check CHECK (octet_length(category) <= 1024)
);

-- The store's contract names these four. Every query takes a tenant and is served by a key that
-- begins with it: user_id_item_id_version could serve in place of the item_id ones, which alone
-- would find the items of all tenants that use one id, and the primary key in place of user_id.
CREATE INDEX ix_analyses_item_id ON collections.analyses (item_id, user_id);

CREATE INDEX ix_analyses_user_id ON collections.analyses (user_id);

CREATE INDEX ix_analyses_category ON collections.analyses (category, user_id);

CREATE INDEX idx_analyses_item_version
ON collections.analyses (item_id, version DESC);

-- Keeps latest_version and latest_category of the item that NEW belongs to, and of the one
-- that OLD did. The item is locked first, so that of two changes the second sees the first's.
CREATE FUNCTION collections.set_latest_analysis() RETURNS trigger
LANGUAGE plpgsql
SET search_path = ''
AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE collections.items
        SET latest_version = NEW.version, latest_category = NEW.category
        WHERE
            user_id = NEW.user_id
            AND id = NEW.item_id
            AND latest_version < NEW.version;
        RETURN NULL;
    END IF;
    PERFORM FROM collections.items
    WHERE (user_id, id) IN ((OLD.user_id, OLD.item_id), (NEW.user_id, NEW.item_id))
    ORDER BY user_id, id
    FOR NO KEY UPDATE;
    UPDATE collections.items
    SET
        (latest_version, latest_category) = (
            SELECT coalesce(max(version), 0), (array_agg(category ORDER BY version DESC))[1]
            FROM collections.analyses
            WHERE analyses.user_id = items.user_id AND analyses.item_id = items.id
        )
    WHERE (user_id, id) IN ((OLD.user_id, OLD.item_id), (NEW.user_id, NEW.item_id));
    RETURN NULL;
END
$$;

CREATE TRIGGER analyses_latest
AFTER INSERT OR DELETE OR UPDATE OF user_id, item_id, version, category
ON collections.analyses
FOR EACH ROW EXECUTE FUNCTION collections.set_latest_analysis();
