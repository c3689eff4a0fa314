-- The column `value` is never null.

SELECT name AS value FROM users WHERE id = :id;
SELECT email AS value FROM users WHERE email = :text;
SELECT email AS value FROM users WHERE id = :id AND email IS NOT NULL;
SELECT email AS value FROM users
    WHERE id = :id AND (email = :text OR lower(email) = :text);
SELECT email AS value FROM users WHERE email IN (SELECT note FROM orders);
SELECT coalesce(email, '') AS value FROM users WHERE id = :id;
SELECT coalesce(email, name) AS value FROM users WHERE id = :id;
SELECT coalesce(max(total), 0) AS value FROM orders WHERE id > :id;
SELECT count(*) AS value FROM orders WHERE id > :id;
SELECT count(note) AS value FROM orders WHERE id > :id;
SELECT count(*) FILTER (WHERE total > 5) AS value FROM orders WHERE id > :id;
SELECT 1 AS value FROM orders WHERE id = :id;
SELECT cast(:id AS bigint) AS value FROM orders;
SELECT total + 1 AS value FROM orders WHERE id = :id;
SELECT total / 2 AS value FROM orders WHERE id = :id;
SELECT -total AS value FROM orders WHERE id = :id;
SELECT name || '!' AS value FROM users WHERE id = :id;
SELECT total > 5 AND name LIKE 'a%' AS value FROM orders CROSS JOIN users;
SELECT note IS NULL AS value FROM orders WHERE id = :id;
SELECT CASE WHEN note IS NULL THEN 'none' ELSE 'some' END AS value FROM orders
    WHERE id = :id;
SELECT EXISTS (SELECT 1 FROM orders WHERE user_id = :id) AS value FROM users;
SELECT (SELECT count(*) FROM orders WHERE user_id = users.id) AS value FROM users;
SELECT users.name AS value FROM users INNER JOIN orders ON users.id = orders.user_id;
SELECT orders.total AS value FROM orders LEFT JOIN users ON orders.user_id = users.id;
SELECT users.name AS value FROM orders LEFT JOIN users ON user_id = users.id
    WHERE users.id = :id;
SELECT users.name AS value FROM users INNER JOIN orders USING (id);
SELECT max(total) AS value FROM orders GROUP BY user_id;
SELECT user_id AS value FROM orders GROUP BY user_id;
SELECT name AS value FROM users WHERE id = :id UNION ALL SELECT 'none';
SELECT name AS value FROM users INTERSECT SELECT email FROM users;
SELECT one.value FROM (SELECT name AS value FROM users WHERE id = :id) AS one;
WITH one AS (SELECT name AS value FROM users WHERE id = :id) SELECT value FROM one;
WITH one (value) AS (VALUES (1), (2)) SELECT value FROM one;
WITH RECURSIVE n AS (SELECT 1 AS value UNION ALL SELECT value + 1 FROM n
    WHERE value < 9) SELECT value FROM n;
WITH RECURSIVE n AS (SELECT id AS value FROM users UNION ALL SELECT n.value + 1 FROM n)
    SELECT value FROM n LIMIT 3;
SELECT row_number() OVER (ORDER BY id) AS value FROM users;
INSERT INTO users (id, name, joined) VALUES (:id, :text, 1) RETURNING name AS value;
UPDATE users SET email = :text WHERE id = :id RETURNING joined AS value;
DELETE FROM users WHERE id = :id RETURNING name AS value;
