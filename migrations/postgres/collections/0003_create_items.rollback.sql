-- Drop items, with indexes and triggers.

DROP TABLE collections.items;
