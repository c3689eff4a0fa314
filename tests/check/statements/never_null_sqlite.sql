-- The column `value` is never null, in what SQLite alone has.

SELECT iif(note IS NULL, 'none', 'some') AS value FROM orders;
SELECT ifnull(email, '') AS value FROM users;
SELECT printf('%s', name) AS value FROM users;
SELECT strftime('%Y', 'now') AS value FROM users;
SELECT rowid AS value FROM users;
SELECT max(total, id) AS value FROM orders;
SELECT item.fullkey AS value FROM json_each(:text) AS item;
SELECT email IS name AS value FROM users;
