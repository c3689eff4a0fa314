"""A folder store in which nothing is wrong, for the tests to break."""

from __future__ import annotations

_CUSTOMERS = """\
-- Customers.

-- row: Customer(id bigint, name text, email text?, notes json?,
--     created_at timestamptz)

-- name: add_customer(name text, email text? = null) :one Customer
-- A new customer.
INSERT INTO shop.customers (name, email)
VALUES (:name, :email)
RETURNING id, name, email, notes, created_at;

-- name: get_customer(id bigint) :one Customer
SELECT id, name, email, notes, created_at
FROM shop.customers
WHERE id = :id;

-- name: list_customers(
--     name text? = null, limit int = 100) :many Customer
SELECT
    id,
    name,
    email,
    notes,
    created_at
FROM shop.customers
WHERE
    TRUE
    AND name = :name -- if :name
ORDER BY created_at DESC, id DESC
LIMIT :limit;

-- name: count_customers() :scalar bigint
-- read: replica
SELECT count(*) AS customers
FROM shop.customers;

-- name: rename_customer(id bigint, name text) :affected
UPDATE shop.customers
SET name = :name
WHERE id = :id;

-- name: touch_customer(id bigint) :exec
UPDATE shop.customers
SET created_at = created_at
WHERE id = :id;
"""

_ORDERS = """\
-- Orders.

-- row: Order(id bigint, customer_id bigint, total bigint, paid bool)

-- row: OrderLine(id bigint, customer text, total bigint)

-- name: get_order(id bigint) :one Order
SELECT id, customer_id, total, paid
FROM shop.orders
WHERE id = :id;

-- name: list_order_lines(limit int = 100) :many OrderLine
SELECT orders.id, customers.name AS customer, orders.total
FROM shop.orders
INNER JOIN shop.customers ON orders.customer_id = customers.id
ORDER BY orders.id
LIMIT :limit;

-- name: stream_orders() :stream Order
-- all: a stream is read in pieces
SELECT id, customer_id, total, paid
FROM shop.orders
ORDER BY id;

-- name: largest_total(customer_id bigint) :scalar bigint?
SELECT max(total) AS total
FROM shop.orders
WHERE customer_id = :customer_id;

-- name: delete_orders(customer_id bigint) :affected
DELETE FROM shop.orders
WHERE customer_id = :customer_id;
"""

_POSTGRES = """\
-- Create the tables.

CREATE TABLE shop.customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    email text,
    notes jsonb,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE shop.orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id bigint NOT NULL,
    total bigint NOT NULL,
    paid boolean NOT NULL DEFAULT FALSE,
    CONSTRAINT orders_customer_id_fkey
    FOREIGN KEY (customer_id) REFERENCES shop.customers (id)
);

CREATE INDEX orders_customer_id_idx ON shop.orders (customer_id);
"""

_SQLITE = """\
-- Create the tables.

CREATE TABLE customers (
    id integer PRIMARY KEY,
    name text NOT NULL,
    email text,
    notes text,
    created_at text NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer_id integer NOT NULL,
    total integer NOT NULL,
    paid integer NOT NULL DEFAULT 0,
    CONSTRAINT orders_customer_id_fkey
    FOREIGN KEY (customer_id) REFERENCES customers (id)
) STRICT;

CREATE INDEX orders_customer_id_idx ON orders (customer_id);
"""

FILES = {
    "sql/postgres/customers.sql": _CUSTOMERS,
    "sql/postgres/orders.sql": _ORDERS,
    "sql/sqlite/customers.sql": _CUSTOMERS.replace("shop.", ""),
    "sql/sqlite/orders.sql": _ORDERS.replace("shop.", ""),
    "migrations/postgres/0001_create_tables.sql": _POSTGRES,
    "migrations/sqlite/0001_create_tables.sql": _SQLITE,
}


def one_dialect(dialect: str) -> dict[str, str]:
    """The files of one dialect alone."""
    return {name: text for name, text in FILES.items() if f"/{dialect}/" in name}
