"""Codes and messages to errors: pure."""

from __future__ import annotations

from typing import Any

import psycopg.errors
import pytest

from rawstore import errors
from rawstore.engines.errormap import (
    from_sqlite,
    from_sqlstate,
    sqlite_class,
    sqlstate_class,
    without_values,
)

SQLSTATES = {
    "23505": errors.UniqueViolation,
    "23503": errors.ForeignKeyViolation,
    "23001": errors.ForeignKeyViolation,
    "23502": errors.NotNullViolation,
    "23514": errors.CheckViolation,
    "44000": errors.CheckViolation,
    "23P01": errors.ExclusionViolation,
    "40001": errors.SerializationFailure,
    "40P01": errors.DeadlockDetected,
    "25P02": errors.TransactionAborted,
    "25P03": errors.ConnectionLost,
    "25006": errors.ReadOnly,
    "25001": errors.StatementError,
    "57014": errors.StatementTimeout,
    "55P03": errors.DatabaseBusy,
    "57P01": errors.ConnectionLost,
    "57P03": errors.ConnectionLost,
    "08006": errors.ConnectionLost,
    "28P01": errors.ConnectionLost,
    "3D000": errors.ConnectionLost,
    "42501": errors.PermissionDenied,
    "42P01": errors.UndefinedObject,
    "42601": errors.StatementError,
    "0A000": errors.StatementError,
    "22P02": errors.DataError,
    "54000": errors.DataError,
    "54001": errors.StatementError,
    "53100": errors.StorageFull,
    "58030": errors.StorageFull,
    "53300": errors.Overloaded,
    "XX001": errors.DatabaseCorrupt,
    "P0001": errors.DatabaseError,
    "XX000": errors.DatabaseError,
    "": errors.DatabaseError,
}
SQLITE = {
    "SQLITE_CONSTRAINT_UNIQUE": errors.UniqueViolation,
    "SQLITE_CONSTRAINT_PRIMARYKEY": errors.UniqueViolation,
    "SQLITE_CONSTRAINT_FOREIGNKEY": errors.ForeignKeyViolation,
    "SQLITE_CONSTRAINT_TRIGGER": errors.IntegrityError,
    "SQLITE_BUSY": errors.DatabaseBusy,
    "SQLITE_BUSY_RECOVERY": errors.DatabaseBusy,
    "SQLITE_BUSY_SNAPSHOT": errors.SerializationFailure,
    "SQLITE_LOCKED_SHAREDCACHE": errors.DatabaseBusy,
    "SQLITE_READONLY_DIRECTORY": errors.ReadOnly,
    "SQLITE_IOERR_WRITE": errors.StorageFull,
    "SQLITE_FULL": errors.StorageFull,
    "SQLITE_CORRUPT_VTAB": errors.DatabaseCorrupt,
    "SQLITE_NOTADB": errors.DatabaseCorrupt,
    "SQLITE_CANTOPEN_ISDIR": errors.ConnectionLost,
    "SQLITE_INTERRUPT": errors.StatementTimeout,
    "SQLITE_SOMETHING_NEW": errors.DatabaseError,
}


@pytest.mark.parametrize(("code", "kind"), SQLSTATES.items())
def test_an_sqlstate_has_its_class(code: str, kind: type[errors.DatabaseError]) -> None:
    assert sqlstate_class(code) is kind
    error = from_sqlstate(code, "the message", query="shop.get")
    assert type(error) is kind
    assert error.query == "shop.get"
    assert str(error).startswith("shop.get: ")
    assert str(from_sqlstate(code, "")) != ""


@pytest.mark.parametrize(("name", "kind"), SQLITE.items())
def test_a_result_code_has_its_class(name: str, kind: type[errors.DatabaseError]) -> None:
    assert sqlite_class(name) is kind
    assert type(from_sqlite(name, "the message")) is kind


def test_every_sqlstate_that_psycopg_knows_has_a_message() -> None:
    kinds = [kind for kind in vars(psycopg.errors).values() if isinstance(kind, type)]
    found: list[Any] = [getattr(kind, "sqlstate", None) for kind in kinds]
    states = {state for state in found if isinstance(state, str)}
    assert len(states) > 200
    for state in states:
        error = from_sqlstate(state, "")
        assert isinstance(error, errors.DatabaseError)
        assert str(error)


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ('relation "items" does not exist', 'relation "items" does not exist'),
        ('relation "canary" does not exist', 'relation "…" does not exist'),
        ('relation "a"canary" does not exist', 'relation "…" does not exist'),
        ("no such table: items", "no such table: items"),
        ("no such column: canary", "no such column: …"),
        ("bad JSON path: 'canary'", "bad JSON path: …"),
        ('no such column: a"canary"b', "no such column: …"),
        ('fts5: syntax error near "canary"', 'fts5: syntax error near "…"'),
        ('near "FROM": syntax error', 'near "FROM": syntax error'),
        ("malformed JSON", "malformed JSON"),
        ("unknown special query: cana: ry", "unknown special query: …"),
    ],
)
def test_only_what_the_statement_says_is_quoted(message: str, shown: str) -> None:
    assert without_values(message, "SELECT id FROM items") == shown
