-- The column `value` may be null, in what PostgreSQL alone has.

SELECT item.value FROM jsonb_array_elements_text(:json) AS item (value);
SELECT item.value FROM unnest(:texts::text[]) AS item (value);
SELECT :json::jsonb -> 'a' AS value FROM orders;
SELECT array_length(array[name], 1) AS value FROM users;
SELECT shop.maybe(total) AS value FROM orders;
SELECT total AS value FROM orders GROUP BY GROUPING SETS ((total), ());
SELECT max(total) AS value FROM orders GROUP BY GROUPING SETS ((user_id), ());
SELECT late.value FROM users
    LEFT JOIN LATERAL (SELECT 1 AS value) AS late ON users.id > :id;
SELECT sum(total) OVER (ORDER BY id ROWS 1 PRECEDING EXCLUDE CURRENT ROW) AS value
    FROM orders;
SELECT name = ANY(:texts::text[]) AS value FROM users;
WITH made AS (INSERT INTO users (id, name, joined) VALUES (1, 'a', 1) RETURNING email)
    SELECT email AS value FROM made;
