-- The order leaves rows to chance.

SELECT id FROM users LIMIT :n;
SELECT name FROM users ORDER BY name LIMIT :n;
SELECT number FROM orders ORDER BY number LIMIT :n;
SELECT number FROM orders WHERE number > :id ORDER BY number LIMIT :n;
SELECT email FROM users ORDER BY email LIMIT :n;
SELECT name FROM orders INNER JOIN users ON user_id = users.id ORDER BY users.id
    LIMIT :n;
SELECT name FROM orders INNER JOIN users ON orders.id > users.id ORDER BY orders.id
    LIMIT :n;
SELECT name FROM orders LEFT JOIN users ON user_id = users.id ORDER BY users.id LIMIT :n;
SELECT number FROM orders CROSS JOIN users ORDER BY orders.id LIMIT :n;
SELECT name FROM users ORDER BY id + 1 LIMIT :n;
SELECT team, count(*) AS users FROM users GROUP BY team ORDER BY users LIMIT :n;
SELECT u.name FROM (SELECT id, name FROM users ORDER BY id) AS u ORDER BY u.name
    LIMIT :n;
SELECT name, team FROM users UNION SELECT name, 3 FROM users ORDER BY name LIMIT :n;
SELECT name FROM users UNION ALL SELECT name FROM users ORDER BY name LIMIT :n;
WITH RECURSIVE u AS (SELECT id, id AS top FROM users UNION ALL SELECT users.id, u.top
    FROM users INNER JOIN u ON users.team = u.id) SELECT id FROM u ORDER BY id LIMIT :n;
UPDATE users SET name = 'a' WHERE team = :id RETURNING name;
