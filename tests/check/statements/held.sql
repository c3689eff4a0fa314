-- Every table is held to one tenant.

SELECT name FROM users WHERE tenant = :tenant AND id = :id;
SELECT name FROM users
    INNER JOIN orders ON users.tenant = orders.tenant AND users.id = orders.user_id
    WHERE orders.tenant = :tenant;
SELECT name FROM users LEFT JOIN orders ON users.tenant = orders.tenant
    WHERE users.tenant = :tenant;
SELECT name FROM users WHERE tenant = :tenant AND EXISTS (SELECT 1 FROM orders
    WHERE orders.tenant = users.tenant);
WITH u AS (SELECT tenant, id FROM users WHERE tenant = :tenant) SELECT orders.id FROM u
    INNER JOIN orders ON orders.tenant = u.tenant;
INSERT INTO users (tenant, id, name) VALUES (:tenant, :id, 'a');
INSERT INTO users (tenant, id, name) SELECT tenant, id, 'a' FROM orders
    WHERE tenant = :tenant;
UPDATE users SET name = 'a' WHERE tenant = :tenant AND id = :id;
DELETE FROM users WHERE id = :id AND tenant = :tenant;
