"""Columns, expressions and tables: which of them many items reach as one statement, which not.

Each case is what the table `shop.t (id, x, …)` and the query are made of, and values for `x`.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any


def trigger(when: str, function: str, each: str = "FOR EACH ROW") -> str:
    return f"CREATE TRIGGER t {when} ON shop.t {each} EXECUTE FUNCTION shop.{function}()"


TEXTS = ["a", None, "", "it's", "{b,c}", "é\\", "NULL", "x" * 300]
NUMBERS = [0, None, 1, 2, 3, 4, 5, 2**31 - 1]
MOODS = ["happy", "sad", None, "sad", "sad", "happy", "happy", "sad"]
FLOATS = [0.1, None, 1.5, -1e30, 1 / 3, 0.0, 1e-30, 1234567.891]
DOCUMENTS: list[Any] = [{"b": 1, "a": [1.50, "x"]}, None, [], 5, "x", {"a": {}}, [None], True]
VECTORS = [[1.0, 2.0, 3.0], None, *([n / 7, 0.0, -1.0] for n in range(6))]
MOMENTS = [datetime(2026, 1, n, tzinfo=timezone(timedelta(hours=n))) for n in range(1, 9)]
PARTS = """PARTITION BY RANGE (id);
CREATE TABLE shop.t_1 PARTITION OF shop.t FOR VALUES FROM (0) TO (4);
CREATE TABLE shop.t_2 PARTITION OF shop.t DEFAULT"""
OTHERS = """CREATE TABLE shop.o (id bigint PRIMARY KEY);
INSERT INTO shop.o SELECT unnest('{0,1,2,3,4,5,2147483647}'::bigint[]);
ALTER TABLE shop.t ADD FOREIGN KEY (x) REFERENCES shop.o DEFERRABLE"""

Case = tuple[dict[str, str], list[Any]]
AT_ONCE: dict[str, Case] = {
    "text": ({}, TEXTS),
    "varchar": ({"x": "varchar(300)"}, TEXTS),
    "char": ({"x": "char(300)"}, TEXTS),
    "a cast": ({"value": "upper(:x::varchar(5))"}, TEXTS),
    "an expression": ({"value": "coalesce(lower(:x), 'none') || 'x'"}, TEXTS),
    "a domain": ({"x": "shop.age", "declared": "int"}, NUMBERS),
    "a domain of text": ({"x": "shop.word", "value": ":x::shop.word"}, TEXTS),
    "a cast to an enum": ({"x": "shop.mood", "value": ":x::shop.mood"}, MOODS),
    "a wider int": ({"x": "bigint", "declared": "int"}, NUMBERS),
    "an int as numeric": ({"x": "numeric(12, 2)", "declared": "int"}, NUMBERS),
    "a sum": ({"x": "bigint", "declared": "int", "value": ":x::bigint + 1"}, NUMBERS),
    "real": ({"x": "real", "declared": "float"}, FLOATS),
    "jsonb": ({"x": "jsonb", "declared": "json"}, DOCUMENTS),
    "json": ({"x": "json", "declared": "json"}, DOCUMENTS),
    "json as text": ({"declared": "json"}, DOCUMENTS),
    "jsonb inside": (
        {"x": "jsonb", "declared": "json", "value": "jsonb_build_array(:x::jsonb, 1)"},
        DOCUMENTS,
    ),
    "a vector": ({"x": "vector(3)", "declared": "vector(3)"}, VECTORS),
    "a moment": ({"x": "timestamptz", "declared": "timestamptz"}, MOMENTS),
    "partitions": ({"end": PARTS}, TEXTS),
    "a trigger before each row": (
        {"x": "bigint", "declared": "bigint", "then": trigger("BEFORE INSERT", "number")},
        NUMBERS,
    ),
    "a trigger that leaves rows out": ({"then": trigger("BEFORE INSERT", "skip_even")}, TEXTS),
    "a trigger on delete": ({"then": trigger("AFTER DELETE", "note", "")}, TEXTS),
    "a default that looks": (
        {"then": "ALTER TABLE shop.t ADD COLUMN y bigint DEFAULT shop.count_now()"},
        TEXTS,
    ),
    "a function that looks": (
        {"x": "bigint", "declared": "bigint", "value": "shop.count_now() + :x"},
        NUMBERS,
    ),
    "a check": ({"then": "ALTER TABLE shop.t ADD CHECK (length(x) < 301)"}, TEXTS),
    "a foreign key": ({"x": "bigint", "declared": "bigint", "then": OTHERS}, NUMBERS),
}
ONE_BY_ONE: dict[str, Case] = {
    "an enum": ({"x": "shop.mood"}, MOODS),
    "a domain of varchar": ({"x": "shop.short", "value": ":x::shop.short"}, ["abcd"] * 8),
    "a moment without a zone": ({"x": "timestamp", "declared": "timestamptz"}, MOMENTS),
    "a date of a moment": ({"x": "date", "declared": "timestamptz"}, MOMENTS),
    "a float as numeric": ({"x": "numeric", "declared": "float"}, FLOATS),
    "a document inside": (
        {"x": "jsonb", "declared": "json", "value": "jsonb_concat(:x, '[1]')"},
        DOCUMENTS,
    ),
    "a wider operand": ({"x": "bigint", "declared": "int", "value": ":x + 3000000000"}, NUMBERS),
    "a trigger after each row": ({"then": trigger("AFTER INSERT", "note")}, TEXTS),
    "a trigger after the statement": ({"then": trigger("AFTER INSERT", "note", "")}, TEXTS),
    "a trigger before the statement": ({"then": trigger("BEFORE INSERT", "note", "")}, TEXTS),
    "a trigger that does not see": (
        {"x": "bigint", "declared": "bigint", "then": trigger("BEFORE INSERT", "steady_number")},
        NUMBERS,
    ),
    "a default that does not see": (
        {"then": "ALTER TABLE shop.t ADD COLUMN y bigint DEFAULT shop.steady_count()"},
        TEXTS,
    ),
    "a function that does not see": (
        {"x": "bigint", "declared": "bigint", "value": "shop.steady_count() + :x"},
        NUMBERS,
    ),
    "a check that does not see": (
        {"then": "ALTER TABLE shop.t ADD CHECK (id > shop.steady_count())"},
        TEXTS,
    ),
    "a trigger on a partition": (
        {
            "end": PARTS,
            "then": trigger("AFTER INSERT", "note").replace("shop.t ", "shop.t_2 "),
        },
        TEXTS,
    ),
    "rows that refer to rows": (
        {
            "x": "bigint",
            "declared": "bigint",
            "then": "ALTER TABLE shop.t ADD UNIQUE (x), ADD y bigint REFERENCES shop.t (x)",
        },
        NUMBERS,
    ),
    "a key that may be broken for a while": (
        {"then": "ALTER TABLE shop.t ADD UNIQUE (x) DEFERRABLE"},
        TEXTS,
    ),
}
