-- The length is bounded.

SELECT id FROM users ORDER BY id LIMIT 10;
SELECT id FROM users WHERE id = :id;
SELECT id FROM users WHERE id IN (1, 2, 3) ORDER BY id;
SELECT u.id FROM (SELECT id FROM users ORDER BY id LIMIT :n) AS u ORDER BY u.id;
SELECT users.id FROM orders INNER JOIN users ON user_id = users.id WHERE orders.id = :id;
WITH u AS (SELECT id FROM users ORDER BY id LIMIT :n) SELECT orders.id FROM u
    INNER JOIN orders ON orders.id = u.id ORDER BY u.id;
SELECT max(id) AS id FROM users;
WITH v (id) AS (VALUES (1), (2)) SELECT id FROM v ORDER BY id;
