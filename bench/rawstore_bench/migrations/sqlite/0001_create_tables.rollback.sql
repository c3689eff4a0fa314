DROP TABLE readings;

DROP TABLE counters;

DROP TABLE notes;

DROP TABLE users;
