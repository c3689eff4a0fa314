-- Rows of other tenants are touched.

SELECT name FROM users WHERE id = :id;
SELECT name FROM users WHERE tenant = :tenant OR id = :id;
SELECT name FROM users WHERE tenant <> :tenant;
SELECT name FROM users WHERE tenant = tenant;
SELECT name FROM users INNER JOIN orders ON users.id = orders.user_id
    WHERE orders.tenant = :tenant;
SELECT name FROM users LEFT JOIN orders ON users.tenant = :tenant WHERE users.id = :id;
SELECT name FROM users LEFT JOIN orders ON orders.id = :id WHERE users.tenant = :tenant;
SELECT name FROM users WHERE tenant = :tenant AND id IN (SELECT user_id FROM orders);
SELECT (SELECT count(*) FROM orders) AS n FROM users WHERE tenant = :tenant;
WITH u AS (SELECT tenant, id FROM users) SELECT u.id FROM u WHERE u.tenant = :tenant;
SELECT name FROM users WHERE tenant = :tenant UNION ALL SELECT name FROM users;
INSERT INTO users (tenant, id, name) VALUES ('a', :id, 'a');
INSERT INTO users (tenant, id, name) SELECT tenant, id, 'a' FROM orders WHERE id = :id;
UPDATE users SET name = 'a' WHERE id = :id;
DELETE FROM users WHERE id = :id;
