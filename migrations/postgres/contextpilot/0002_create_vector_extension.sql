-- Create vector extension.
-- depends: 0001_create_functions

-- pgvector, in public, where all stores of the database share it. Making it takes a superuser (or
-- what a managed service has instead); where it is there already, no right is needed. Version 0.8
-- brought the iterative scan, without which a filtered search comes back short.
DO $$
DECLARE
    place text;
    version integer[];
BEGIN
    BEGIN
        CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public;
    EXCEPTION
        WHEN unique_violation THEN
            NULL; -- Another store's migration has made it in this moment.
        WHEN feature_not_supported OR undefined_file THEN
            RAISE EXCEPTION 'install pgvector 0.8 or newer on the server'
                USING ERRCODE = 'feature_not_supported';
        WHEN insufficient_privilege THEN
            RAISE EXCEPTION
                'role % may not CREATE EXTENSION vector SCHEMA public: let a superuser',
                current_user
                USING ERRCODE = 'insufficient_privilege';
    END;
    SELECT
        pg_namespace.nspname,
        string_to_array(pg_extension.extversion, '.')::integer[]
    INTO place, version
    FROM pg_catalog.pg_extension
    INNER JOIN pg_catalog.pg_namespace ON pg_extension.extnamespace = pg_namespace.oid
    WHERE pg_extension.extname = 'vector';
    IF place <> 'public' THEN
        RAISE EXCEPTION
            'pgvector is in schema %: ALTER EXTENSION vector SET SCHEMA public', place;
    END IF;
    IF version < '{0,8}' THEN
        RAISE EXCEPTION 'pgvector is older than 0.8: ALTER EXTENSION vector UPDATE';
    END IF;
END
$$;
