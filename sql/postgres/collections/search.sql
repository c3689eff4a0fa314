-- Searches over a tenant's items: by words, by meaning, by both.

-- row: ItemHit(id text, user_id text, filename text, original_filename text?, file_path text,
--     file_size bigint?, mime_type text?, created_at timestamptz, updated_at timestamptz,
--     category text?, summary text?, score float, snippet text)

-- row: SimilarItem(id text, user_id text, filename text, original_filename text?, file_path text,
--     file_size bigint?, mime_type text?, created_at timestamptz, updated_at timestamptz,
--     similarity float)

-- row: HybridHit(id text, user_id text, filename text, original_filename text?, file_path text,
--     file_size bigint?, mime_type text?, created_at timestamptz, updated_at timestamptz,
--     score float, text_rank int?, vector_rank int?)

-- name: search_items(
--     query text, user_id text, top_k int = 10, category text? = null) :many ItemHit
-- Items whose latest analysis holds all the words in any of their forms, best first: its category
-- counts more than its summary, this more than the response's texts and tags. A "quoted phrase"
-- stands as it is, -word excludes, or joins two alternatives. English stop words do not count. Any
-- text is a query (its first 1000 characters), and one without a word to look for finds nothing. A
-- higher score is better; scores compare within one answer only. The snippet is of category, summary
-- and response, not escaped, with the words found in <b>…</b>.
-- Searched are the first 250 000 characters of the summary, and as many of the response, from each
-- of its texts 50 000; the snippet is from the first 20 000.
-- order: an item is one hit, by its one latest analysis
-- plan: the best can be told only when all that hold the words are found and scored
-- growth: a word is in more texts the more there are, and each of them is scored
WITH hits AS (
    -- Of a tenant with a large part of everything, a common word's analyses lie on most of the pages,
    -- and all analyses are read: about a second with 1.2 million, half of them the tenant's and one in
    -- nine with the word. An index by tenant and word, tried there, saved little.
    SELECT
        latest.id,
        latest.created_at,
        analyses.version,
        words,
        ts_rank_cd(analyses.search_vector, words, 1) AS score
    FROM collections.analyses
    CROSS JOIN
        websearch_to_tsquery(
            'pg_catalog.english',
            -- A dash before no word excludes nothing, and 33 of them would be an error.
            regexp_replace(left(:query, 1000), '-(?![^\s[:punct:]]|")', ' ', 'g')
        ) AS words
    INNER JOIN
        LATERAL (
            -- LIMIT: a look-up for each match, whatever the statistics say.
            SELECT
                items.id,
                items.created_at
            FROM collections.items
            WHERE
                items.user_id = :user_id
                AND items.id = analyses.item_id
                AND items.latest_version = analyses.version
            ORDER BY items.id
            LIMIT 1
        ) AS latest
        ON TRUE
    WHERE
        analyses.user_id = :user_id
        AND analyses.search_vector @@ words
        -- T: exclusions alone, which no index could serve.
        AND querytree(words) <> 'T'
        AND analyses.category = :category -- if :category
    ORDER BY score DESC, latest.created_at DESC, latest.id DESC
    LIMIT :top_k
)

SELECT
    items.id,
    items.user_id,
    items.filename,
    items.original_filename,
    items.file_path,
    items.file_size,
    items.mime_type,
    items.created_at,
    items.updated_at,
    analyses.category,
    analyses.summary,
    hits.score,
    ts_headline(
        'pg_catalog.english',
        left(
            concat_ws(
                ' … ',
                analyses.category,
                analyses.summary,
                collections.response_text(
                    analyses.category, analyses.summary, analyses.raw_response, 100000
                )
            ),
            20000
        ),
        hits.words
    ) AS snippet
FROM hits
INNER JOIN collections.items ON hits.id = items.id
INNER JOIN collections.analyses
    ON
        hits.id = analyses.item_id
        AND hits.version = analyses.version
WHERE
    items.user_id = :user_id
    AND analyses.user_id = :user_id
ORDER BY hits.score DESC, items.created_at DESC, items.id DESC;

-- name: search_similar(
--     embedding vector(1024), user_id text, top_k int = 10, model text? = null,
--     min_similarity float? = null) :many SimilarItem
-- The tenant's items by cosine similarity, an item by its most similar embedding, best first, ties by
-- id: top_k of them, or all that the tenant has. A model keeps to its embeddings; a min_similarity
-- leaves out what is less alike.
-- Exact for a tenant with up to 10 000 embeddings, or a fifth of all; for a larger one by the index,
-- and where that seems not to find enough, exact again: see nearest_items in the migrations.
-- order: each item has a place of its own
-- not null: similarity: nearest_items gives only items that have a distance
-- growth: of a small tenant every vector is compared, of a large one a part of all
SELECT
    items.id,
    items.user_id,
    items.filename,
    items.original_filename,
    items.file_path,
    items.file_size,
    items.mime_type,
    items.created_at,
    items.updated_at,
    1 - nearest.distance AS similarity
FROM collections.nearest_items(:user_id, :embedding, :top_k, :model) AS nearest
INNER JOIN collections.items ON nearest.nearest_id = items.id
WHERE
    items.user_id = :user_id
    AND 1 - nearest.distance >= :min_similarity -- if :min_similarity
ORDER BY nearest.place
LIMIT :top_k;

-- name: hybrid_search(
--     query text, embedding vector(1024), user_id text, top_k int = 10) :many HybridHit
-- The items of search_items and of search_similar, by reciprocal rank fusion: the score is the sum
-- of 1 / (60 + rank) over the lists that have the item; of equal ones the more similar comes first.
-- Ranks count from 1 and are null in a list without the item. Of each list the first 100 take part,
-- or top_k if that is more: a smaller top_k leaves hits out, and moves none.
-- order: no two items share both ranks
-- plan: the best can be told only when all that hold the words are found and scored
-- growth: as search_items and search_similar do
WITH word_hits AS (
    -- May read all analyses, as in search_items.
    SELECT
        latest.id,
        row_number() OVER (
            ORDER BY
                ts_rank_cd(analyses.search_vector, words, 1) DESC,
                latest.created_at DESC,
                latest.id DESC
        ) AS place
    FROM collections.analyses
    CROSS JOIN
        websearch_to_tsquery(
            'pg_catalog.english',
            -- As in search_items.
            regexp_replace(left(:query, 1000), '-(?![^\s[:punct:]]|")', ' ', 'g')
        ) AS words
    INNER JOIN
        LATERAL (
            SELECT
                items.id,
                items.created_at
            FROM collections.items
            WHERE
                items.user_id = :user_id
                AND items.id = analyses.item_id
                AND items.latest_version = analyses.version
            ORDER BY items.id
            LIMIT 1
        ) AS latest
        ON TRUE
    WHERE
        analyses.user_id = :user_id
        AND analyses.search_vector @@ words
        AND querytree(words) <> 'T'
    ORDER BY place
    LIMIT greatest(:top_k, 100)
),

similar_items AS (
    SELECT
        nearest_id AS id,
        place
    FROM
        collections.nearest_items(
            :user_id, :embedding, greatest(:top_k, 100), NULL
        )
),

hits AS (
    SELECT
        word_hits.place AS text_rank,
        similar_items.place AS vector_rank,
        coalesce(word_hits.id, similar_items.id) AS id,
        coalesce(1.0 / (60 + word_hits.place), 0)
        + coalesce(1.0 / (60 + similar_items.place), 0) AS score
    FROM word_hits
    FULL JOIN similar_items ON word_hits.id = similar_items.id
)

SELECT
    items.id,
    items.user_id,
    items.filename,
    items.original_filename,
    items.file_path,
    items.file_size,
    items.mime_type,
    items.created_at,
    items.updated_at,
    hits.score::float8 AS score,
    hits.text_rank::integer AS text_rank,
    hits.vector_rank::integer AS vector_rank
FROM hits
INNER JOIN collections.items ON hits.id = items.id
WHERE items.user_id = :user_id
ORDER BY hits.score DESC, hits.vector_rank ASC, hits.text_rank ASC
LIMIT :top_k;
