-- The order is total.

SELECT id FROM users ORDER BY id LIMIT :n;
SELECT name FROM users ORDER BY name, id DESC LIMIT :n;
SELECT id AS other FROM users ORDER BY other LIMIT :n;
SELECT name, id FROM users ORDER BY 2 LIMIT :n;
SELECT number FROM orders ORDER BY user_id, number LIMIT :n;
SELECT number FROM orders WHERE user_id = :id ORDER BY number LIMIT :n;
SELECT name FROM users WHERE id = :id;
SELECT email FROM users WHERE email IS NOT NULL ORDER BY email LIMIT :n;
SELECT name FROM orders INNER JOIN users ON user_id = users.id ORDER BY orders.id
    LIMIT :n;
SELECT name FROM orders LEFT JOIN users ON user_id = users.id ORDER BY orders.id
    LIMIT :n;
SELECT number FROM users INNER JOIN orders ON user_id = users.id
    ORDER BY name, users.id, number LIMIT :n;
SELECT u.id FROM (SELECT id, name FROM users) AS u ORDER BY u.name, u.id LIMIT :n;
WITH u AS (SELECT id, name FROM users) SELECT u.name FROM u ORDER BY u.id LIMIT :n;
SELECT team, count(*) AS users FROM users GROUP BY team ORDER BY team LIMIT :n;
SELECT team, count(*) AS users FROM users GROUP BY team ORDER BY users DESC, team
    LIMIT :n;
SELECT DISTINCT team FROM users ORDER BY team LIMIT :n;
SELECT count(*) AS users FROM users;
SELECT t.team FROM (SELECT team, max(id) AS id FROM users GROUP BY team) AS t
    ORDER BY t.team LIMIT :n;
SELECT id FROM users WHERE team = 1 UNION ALL SELECT id FROM users WHERE team = 2
    ORDER BY id LIMIT :n;
SELECT name, team FROM users UNION SELECT name, 3 FROM users ORDER BY name, team
    LIMIT :n;
SELECT number FROM orders CROSS JOIN users ORDER BY orders.id, users.id LIMIT :n;
UPDATE users SET name = 'a' WHERE id = :id RETURNING name;
