-- Create analyses.
-- depends: 0003_create_items

CREATE TABLE analyses (
    seq integer CONSTRAINT analyses_pkey PRIMARY KEY,
    user_id text NOT NULL,
    id text NOT NULL,
    item_id text NOT NULL,
    version integer NOT NULL,
    category text,
    summary text,
    raw_response text,
    provider_used text,
    model_used text,
    trace_id text,
    created_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    CONSTRAINT analyses_user_id_id_key UNIQUE (user_id, id),
    CONSTRAINT analyses_user_id_item_id_version_key UNIQUE (user_id, item_id, version),
    CONSTRAINT analyses_item_id_fkey FOREIGN KEY (user_id, item_id)
    REFERENCES items (user_id, id) ON DELETE CASCADE,
    CONSTRAINT analyses_id_check CHECK (length(cast(id AS blob)) <= 1024),
    CONSTRAINT analyses_version_check CHECK (version > 0),
    CONSTRAINT analyses_category_check CHECK (length(cast(category AS blob)) <= 1024),
    CONSTRAINT analyses_raw_response_check
    CHECK (raw_response IS NULL OR json_valid(raw_response)),
    CONSTRAINT analyses_created_at_check
    CHECK (created_at GLOB '????-??-??T??:??:??.??????Z')
) STRICT;

-- These triggers keep latest_version and latest_category of the item that NEW belongs to, and
-- of the one that OLD did.
CREATE TRIGGER analyses_latest_insert
AFTER INSERT ON analyses
BEGIN
    UPDATE items
    SET latest_version = NEW.version, latest_category = NEW.category
    WHERE
        user_id = NEW.user_id
        AND id = NEW.item_id
        AND latest_version < NEW.version;
END;

CREATE TRIGGER analyses_latest_delete
AFTER DELETE ON analyses
BEGIN
    UPDATE items
    SET
        (latest_category, latest_version) = (
            SELECT
                analyses.category,
                coalesce(max(analyses.version), 0) AS version
            FROM analyses
            WHERE
                analyses.user_id = OLD.user_id -- noqa: RF01
                AND analyses.item_id = OLD.item_id -- noqa: RF01
        )
    WHERE user_id = OLD.user_id AND id = OLD.item_id;
END;

CREATE TRIGGER analyses_latest_update
AFTER UPDATE OF user_id, item_id, version, category ON analyses
BEGIN
    UPDATE items
    SET
        (latest_category, latest_version) = (
            SELECT
                analyses.category,
                coalesce(max(analyses.version), 0) AS version
            FROM analyses
            WHERE
                analyses.user_id = OLD.user_id -- noqa: RF01
                AND analyses.item_id = OLD.item_id -- noqa: RF01
        )
    WHERE user_id = OLD.user_id AND id = OLD.item_id;
    UPDATE items
    SET
        (latest_category, latest_version) = (
            SELECT
                analyses.category,
                coalesce(max(analyses.version), 0) AS version
            FROM analyses
            WHERE
                analyses.user_id = NEW.user_id -- noqa: RF01
                AND analyses.item_id = NEW.item_id -- noqa: RF01
        )
    WHERE user_id = NEW.user_id AND id = NEW.item_id;
END;
