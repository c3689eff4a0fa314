-- Create vector extension.
-- pgvector, 0.8 or newer, in schema public, where all schemas of a database find it. It is a
-- trusted extension: the role that migrates needs CREATE on the database. Where it has not,
-- or where pgvector is older than that, a DBA runs this line first; then nothing happens here.
-- An extension that is there in another schema is moved by ALTER EXTENSION vector SET SCHEMA public.

CREATE EXTENSION IF NOT EXISTS vector SCHEMA public;
