-- The column `value` may be null, or it cannot be told.

SELECT email AS value FROM users WHERE id = :id;
SELECT email AS value FROM users WHERE id = :id OR email = :text;
SELECT email AS value FROM users WHERE email IS NULL;
SELECT email AS value FROM users WHERE coalesce(email, '') = :text;
SELECT coalesce(email, cast(:maybe AS text)) AS value FROM users WHERE id = :id;
SELECT nullif(name, '') AS value FROM users WHERE id = :id;
SELECT max(total) AS value FROM orders WHERE user_id = :id;
SELECT sum(total) + 1 AS value FROM orders WHERE user_id = :id;
SELECT max(note) AS value FROM orders GROUP BY user_id;
SELECT sum(total) FILTER (WHERE total > 5) AS value FROM orders GROUP BY user_id;
SELECT max(total) FILTER (WHERE total > 5) + 1 AS value FROM orders GROUP BY id;
SELECT NULL AS value FROM orders WHERE id = :id;
SELECT cast(:maybe AS text) AS value FROM orders;
SELECT total + cast(:maybe_id AS bigint) AS value FROM orders;
SELECT name || email AS value FROM users WHERE id = :id;
SELECT email = :text AS value FROM users;
SELECT email IN ('a', 'b') AS value FROM users;
SELECT name IN ('a', email) AS value FROM users;
SELECT CASE WHEN note IS NULL THEN 'none' END AS value FROM orders WHERE id = :id;
SELECT CASE WHEN note = 'a' THEN 'a' ELSE note END AS value FROM orders WHERE id = :id;
SELECT (SELECT name FROM users WHERE id = orders.user_id) AS value FROM orders;
SELECT (SELECT max(total) FROM orders WHERE user_id = users.id) AS value FROM users;
SELECT (SELECT count(*) FROM orders HAVING count(*) > 5) AS value FROM users;
SELECT (SELECT count(*) FROM orders GROUP BY user_id LIMIT 1) AS value FROM users;
SELECT (SELECT count(*) FROM orders LIMIT 0) AS value FROM users;
SELECT users.name AS value FROM orders LEFT JOIN users ON orders.user_id = users.id;
SELECT users.name AS value FROM orders LEFT JOIN users ON user_id = users.id
    WHERE users.id IS NULL;
SELECT users.name AS value FROM orders
    LEFT JOIN users ON orders.user_id = users.id AND users.id = :id;
SELECT orders.id AS value FROM users LEFT JOIN orders ON orders.user_id = users.id;
SELECT users.name AS value FROM users RIGHT JOIN orders ON orders.user_id = users.id;
SELECT users.name AS value FROM users FULL JOIN orders ON orders.user_id = users.id;
SELECT orders.total AS value FROM users FULL JOIN orders ON user_id = users.id
    WHERE users.joined > :id;
SELECT u.name AS value FROM orders LEFT JOIN (users AS u
    INNER JOIN users AS v ON u.id = v.joined) ON orders.id = u.id;
SELECT late.name AS value FROM orders LEFT JOIN (SELECT id, name
    FROM users) AS late ON orders.user_id = late.id;
SELECT late.one AS value FROM orders LEFT JOIN (SELECT id, 1 AS one
    FROM users) AS late ON orders.user_id = late.id;
WITH late AS (SELECT name AS value FROM orders LEFT JOIN users ON user_id = users.id)
    SELECT value FROM late;
SELECT users.name AS value FROM orders LEFT JOIN users ON orders.user_id = users.id
    GROUP BY users.name;
SELECT name AS value FROM users WHERE id = :id UNION ALL SELECT email FROM users;
SELECT name AS value FROM users WHERE id = :id UNION SELECT NULL;
SELECT email AS value FROM users EXCEPT SELECT name FROM users;
SELECT lag(total) OVER (ORDER BY id) AS value FROM orders;
SELECT sum(total) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING) AS value
    FROM orders;
WITH one (value) AS (VALUES (1), (NULL)) SELECT value FROM one;
WITH RECURSIVE n AS (SELECT 1 AS value UNION ALL SELECT nullif(value + 1, 5) FROM n)
    SELECT value FROM n LIMIT 9;
WITH RECURSIVE n (a, value) AS (SELECT cast(NULL AS integer), 1 UNION ALL SELECT a, a
    FROM n) SELECT value FROM n LIMIT 9;
INSERT INTO users (id, name, joined) VALUES (:id, :text, 1) RETURNING email AS value;
UPDATE users SET name = :text WHERE id = :id RETURNING email AS value;
