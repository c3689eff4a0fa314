-- The length grows with the table.

SELECT id FROM users ORDER BY id;
SELECT id FROM users ORDER BY id LIMIT :maybe;
SELECT id FROM users WHERE team = :id ORDER BY id;
SELECT id FROM users WHERE id > :id ORDER BY id;
SELECT team FROM users GROUP BY team ORDER BY team;
SELECT id FROM (SELECT id FROM users) AS u ORDER BY id;
WITH u AS (SELECT id FROM users ORDER BY id LIMIT :n) SELECT orders.id FROM u
    INNER JOIN orders ON orders.user_id = u.id ORDER BY orders.id;
