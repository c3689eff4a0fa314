-- The column `value` is never null, in what PostgreSQL alone has.

SELECT to_jsonb(total) AS value FROM orders;
SELECT array(SELECT name FROM users) AS value FROM orders;
SELECT item.value FROM jsonb_array_elements(:json) AS item (value);
SELECT item.value
    FROM jsonb_array_elements_text(:json) WITH ORDINALITY AS item (text, value);
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY total) AS value FROM orders
    GROUP BY user_id;
SELECT concat_ws(' ', email, name) AS value FROM users;
SELECT greatest(name, email) AS value FROM users;
SELECT one.value FROM users CROSS JOIN LATERAL (SELECT users.name AS value) AS one;
SELECT sum(total) OVER (PARTITION BY user_id) AS value FROM orders;
SELECT total::text AS value FROM orders;
SELECT ctid AS value FROM orders;
WITH made AS (INSERT INTO users (id, name, joined) VALUES (1, 'a', 1) RETURNING name)
    SELECT name AS value FROM made;
