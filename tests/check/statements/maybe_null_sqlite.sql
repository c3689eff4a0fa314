-- The column `value` may be null, in what SQLite alone has.

SELECT total / joined AS value FROM orders CROSS JOIN users;
SELECT name ->> '$.a' AS value FROM users;
SELECT strftime('%Y', name) AS value FROM users;
SELECT max(total, note) AS value FROM orders;
SELECT item.value AS value FROM json_each(:text) AS item;
SELECT group_concat(name) AS value FROM users;
