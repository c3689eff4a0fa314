-- Drop functions.

DROP FUNCTION omnimemory.uuid_v7();

DROP SEQUENCE omnimemory.uuid_v7_counter;
