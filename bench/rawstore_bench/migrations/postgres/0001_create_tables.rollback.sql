DROP TABLE rawstore_bench.readings;

DROP TABLE rawstore_bench.counters;

DROP TABLE rawstore_bench.notes;

DROP TABLE rawstore_bench.users;
