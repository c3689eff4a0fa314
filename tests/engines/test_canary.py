"""No value that a caller gave appears in an error, its cause, a traceback or a log."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from rawstore.errors import DatabaseError, ParameterError, RawstoreError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engines.conftest import OpenShop

CANARY = "kanarienvogel"
NUMBER = 918273645546372819
MIGRATIONS = {
    "sqlite": """
CREATE TABLE things (
    id integer PRIMARY KEY,
    name text NOT NULL CONSTRAINT things_name_check CHECK (length(name) < 100),
    parent integer CONSTRAINT things_parent_fkey REFERENCES things (id),
    data text CHECK (data IS NULL OR json_valid(data)),
    UNIQUE (name)
) STRICT;
CREATE VIRTUAL TABLE texts USING fts5 (body);
""",
    "postgres": """
CREATE TABLE shop.things (
    id bigint PRIMARY KEY,
    name text NOT NULL,
    parent bigint,
    data jsonb,
    CONSTRAINT things_name_check CHECK (length(name) < 100),
    CONSTRAINT things_parent_fkey FOREIGN KEY (parent) REFERENCES shop.things (id),
    CONSTRAINT things_name_key UNIQUE (name)
);
CREATE FUNCTION shop.complain(what text) RETURNS int LANGUAGE plpgsql AS
'BEGIN RAISE EXCEPTION ''no such thing: %'', what; END';
CREATE FUNCTION shop.complain_coded(what text) RETURNS int LANGUAGE plpgsql AS
'BEGIN RAISE EXCEPTION ''no such thing: %'', what USING ERRCODE = ''unique_violation''; END';
CREATE FUNCTION shop.complain_freely(what text) RETURNS int LANGUAGE plpgsql AS
'BEGIN RAISE EXCEPTION ''no such thing: %'', what USING ERRCODE = ''XY123''; END';
""",
}
BOTH = """
-- name: thing(id bigint, name text, parent bigint? = null) :exec
INSERT INTO things (id, name, parent)
VALUES (:id, :name, :parent);
"""
FAILING = {
    "sqlite": """
-- name: search(q text) :many
SELECT body
FROM texts
WHERE texts MATCH :q;

-- name: special(q text) :exec
INSERT INTO texts (texts)
VALUES (:q);

-- name: path(q text) :scalar
SELECT json_extract('{}', :q);

-- name: parse(q text) :scalar
SELECT json(:q);

-- name: store(q text) :exec
INSERT INTO things (id, name)
VALUES (:q, 'x');

-- name: data(q text) :exec
INSERT INTO things (id, name, data)
VALUES (7, 'seven', :q);

-- name: like(q text) :scalar
SELECT 'a' LIKE 'b' ESCAPE :q;

-- name: strict(q text) :exec
UPDATE things
SET parent = :q;

-- name: read_uuid(q text) :scalar uuid
SELECT :q;

-- name: read_moment(q text) :scalar timestamptz
SELECT :q;

-- name: read_json(q text) :scalar json
SELECT :q;

-- name: read_numeric(q text) :scalar numeric
SELECT :q;

-- name: load(q text) :scalar
SELECT load_extension(:q);
""",
    "postgres": """
-- name: to_int(q text) :scalar
SELECT CAST(CAST(:q AS text) AS int);

-- name: to_big(q text) :scalar
SELECT CAST(CAST(:q AS text) AS numeric)::int;

-- name: to_date(q text) :scalar
SELECT CAST(CAST(:q AS text) AS date);

-- name: to_uuid(q text) :scalar
SELECT CAST(CAST(:q AS text) AS uuid);

-- name: to_json(q text) :scalar
SELECT CAST(CAST(:q AS text) AS jsonb);

-- name: to_interval(q text) :scalar
SELECT CAST(CAST(:q AS text) AS interval);

-- name: to_inet(q text) :scalar
SELECT CAST(CAST(:q AS text) AS inet);

-- name: to_array(q text) :scalar
SELECT CAST(CAST(:q AS text) AS int[]);

-- name: to_bool(q text) :scalar
SELECT CAST(CAST(:q AS text) AS bool);

-- name: query(q text) :scalar
SELECT to_tsquery('english', CAST(:q AS text) || ' & & |');

-- name: regex(q text) :scalar
SELECT 'a' ~ ('(' || CAST(:q AS text));

-- name: relation(q text) :scalar
SELECT CAST(CAST(:q AS text) AS regclass);

-- name: sequence(q text) :scalar
SELECT nextval(CAST(:q AS text)::regclass);

-- name: setting(q text) :scalar
SELECT current_setting(CAST(:q AS text));

-- name: role(q text) :scalar
SELECT has_table_privilege(CAST(:q AS text), 'things', 'select');

-- name: zone(q text) :scalar
SELECT now() AT TIME ZONE CAST(:q AS text);

-- name: path(q text) :scalar
SELECT jsonb_path_query('{}', CAST(CAST(:q AS text) AS jsonpath));

-- name: complain(q text) :scalar
SELECT complain(CAST(:q AS text));

-- name: complain_coded(q text) :scalar
SELECT complain_coded(CAST(:q AS text));

-- name: complain_freely(q text) :scalar
SELECT complain_freely(CAST(:q AS text));

-- name: encoding(q text) :scalar
SELECT decode(CAST(:q AS text), 'hex');

-- name: divide(q text) :scalar
SELECT 1 / (length(CAST(:q AS text)) - length(CAST(:q AS text)));

-- name: xml(q text) :scalar
SELECT 'x' LIKE 'y' ESCAPE CAST(:q AS text);

-- name: data(q text) :exec
INSERT INTO things (id, name, data)
VALUES (7, repeat(CAST(:q AS text), 100), 'null');

-- name: charlen(q text) :scalar
SELECT CAST(:q AS text)::"char"::text::varchar(3)::int;
""",
}


@pytest.fixture
def store(open_shop: OpenShop, tmp_path: Path, dialect: str) -> Any:
    folder = tmp_path / "shop"
    (folder / "sql" / dialect / "things.sql").write_text(BOTH + FAILING[dialect])
    (folder / "migrations" / dialect / "0002_create_things.sql").write_text(MIGRATIONS[dialect])
    shop = open_shop()
    shop.migrate()
    shop.thing(1, CANARY)
    return shop


def canary_calls(store: Any) -> Iterator[tuple[str, tuple[Any, ...]]]:
    yield "thing", (2, CANARY)
    yield "thing", (1, f"{CANARY} again")
    yield "thing", (3, CANARY * 20)
    yield "thing", (4, f"{CANARY} child", NUMBER)
    yield "thing", (5, None)
    yield "thing", (CANARY, "x")
    yield "thing", (NUMBER * 1000, "x")
    yield "thing", (6, CANARY, CANARY)
    yield "thing", (7, f"{CANARY}\0")
    yield "thing", (8, f"{CANARY}\ud800")
    for query in store.queries:
        if [param.name for param in query.params] == ["q"]:
            for form in ("%s", '"%s', "%s: x", '%s "y" z', "'%s'", "%s-%s"):
                yield query.name, (form.replace("%s", CANARY),)


def shown(error: BaseException) -> str:
    """Everything about an error that a log or a page may show."""
    texts = ["".join(traceback.format_exception(error))]
    seen: BaseException | None = error
    while seen is not None:
        texts += [str(seen), repr(seen), repr(seen.args)]
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    lines = "\n".join(texts).splitlines()
    return "\n".join(line for line in lines if "getattr(" not in line)


def attempt(store: Any, name: str, values: tuple[Any, ...], in_a: str) -> RawstoreError | None:
    """Make the call; its error."""
    try:
        if in_a == "call":
            getattr(store, name)(*values)
        elif in_a == "transaction":
            with store.transaction() as tx:
                getattr(tx, name)(*values)
        else:
            with store.batch() as batch:
                call = getattr(batch, name)(*values)
            call.result()
    except RawstoreError as error:
        return error
    return None


@pytest.mark.parametrize("in_a", ["call", "transaction", "batch"])
def test_no_error_shows_a_value(store: Any, in_a: str, caplog: pytest.LogCaptureFixture) -> None:
    failed = set()
    with caplog.at_level(logging.DEBUG):
        for name, values in canary_calls(store):
            error = attempt(store, name, values, in_a)
            if error is None:
                continue
            failed.add(name)
            text = shown(error)
            assert CANARY not in text, text
            assert str(NUMBER) not in text, text
            assert f"shop.{name}" in str(error)
            if isinstance(error, DatabaseError):
                assert error.query == f"shop.{name}"
            else:
                assert isinstance(error, ParameterError)
    assert CANARY not in caplog.text
    queries = {query.name for query in store.queries if query.file.name == "things.sql"}
    assert failed == queries, "these did not fail"


def test_an_error_says_what_it_may(store: Any, dialect: str) -> None:
    """Not so careful that nothing is left to go by."""
    error = attempt(store, "thing", (2, CANARY), "call")
    assert isinstance(error, DatabaseError)
    code = {"sqlite": "SQLITE_CONSTRAINT_UNIQUE", "postgres": "23505"}[dialect]
    constraint = {"sqlite": "things.name", "postgres": "things_name_key"}[dialect]
    assert (error.code, error.constraint) == (code, constraint)
    assert str(error) == f"shop.thing: unique violation of {constraint}"
    error = attempt(store, "thing", (3, CANARY * 20), "call")
    assert str(error) == "shop.thing: check violation of things_name_check"
    assert isinstance(error, DatabaseError)
    assert error.constraint == "things_name_check"


def test_a_statement_that_does_not_fit_is_quoted(
    open_shop: OpenShop, tmp_path: Path, dialect: str
) -> None:
    file = tmp_path / "shop" / "sql" / dialect / "broken.sql"
    file.write_text(
        "-- name: no_table() :many\nSELECT x\nFROM nosuch;\n\n"
        "-- name: no_column() :many\nSELECT nosuch_column\nFROM items;\n\n"
        "-- name: no_function() :many\nSELECT nosuch_function(1);\n\n"
        "-- name: no_syntax() :many\nSELECT 1 FROM WHERE;\n"
    )
    shop = open_shop()
    for name, quoted in {
        "no_table": "nosuch",
        "no_column": "nosuch_column",
        "no_function": "nosuch_function",
        "no_syntax": "WHERE",
    }.items():
        error = attempt(shop, name, (), "call")
        assert quoted in str(error), error
