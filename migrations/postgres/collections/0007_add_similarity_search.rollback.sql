-- Remove similarity search.

DROP FUNCTION collections.nearest_items(text, public.vector, bigint, text);

DROP FUNCTION collections.approximately_nearest_items(
    text, public.vector, bigint, text, integer
);
