"""What PostgreSQL reports, as our errors; and what a statement would leave behind. No I/O.

A message may quote what stands in the query file, never a value. The server's whole report stays
in the `.diag` of the cause.
"""

from __future__ import annotations

import re

import psycopg
from psycopg import pq
from psycopg.errors import lookup

from ..errors import DatabaseError, ResultError, SerializationFailure, StatementError
from ..query import Query
from .errormap import from_sqlstate, without_values
from .pipeline import Result

ATTEMPTS = 5  # at a statement whose preparation is out of date each time: a migration goes on

_Field = pq.DiagnosticField

# Errors of a statement's analysis. One that was prepared is analysed anew when the schema has
# moved, before anything is executed.
_ANALYSIS = frozenset(("42883", "42804", "42P18", "42703", "42P01", "42704"))
_NO_SUCH_STATEMENT = "26000"
_NOT_SUPPORTED = "0A000"
_FATAL = pq.ExecStatus.FATAL_ERROR
_COPY = frozenset((pq.ExecStatus.COPY_OUT, pq.ExecStatus.COPY_IN, pq.ExecStatus.COPY_BOTH))

_CHANGES_SESSION = re.compile(
    r"""
    (?: ^ | ; | \*/ ) \s*
    (?: SET \b (?! \s+ LOCAL) | (?: RESET | LISTEN | LOAD | PREPARE | DISCARD | DEALLOCATE ) \b
      | CREATE \s+ (?: (?: LOCAL | GLOBAL) \s+ )? TEMP )
  | \b set_config \s* \( (?! [^()]* , \s* true \s* \) )
  | \b pg_ (?: try_ )? advisory_lock (?: _shared )? \s* \(
    """,
    re.IGNORECASE | re.VERBOSE,
)


def changes_session(text: str) -> bool:
    """Whether a statement can leave something on its connection: a setting, a lock, a temp table.

    It errs on the side of yes. What a function on the server does cannot be seen.
    """
    return _CHANGES_SESSION.search(text) is not None


def is_stale(result: Result) -> bool:
    """Whether a statement failed, without effect, because its preparation was out of date."""
    if result.status != _FATAL:
        return False
    code = sqlstate(result)
    if code == _NOT_SUPPORTED:  # "cached plan must not change result type"
        return _text(result, _Field.SOURCE_FUNCTION) == "RevalidateCachedQuery"
    if code in _ANALYSIS:  # with a position in our text, not in a function's
        return bool(_text(result, _Field.STATEMENT_POSITION)) and not _text(result, _Field.CONTEXT)
    return code == _NO_SUCH_STATEMENT


def failure(result: Result, query: Query | None, *, preparing: bool = False) -> DatabaseError:
    """The error of a failed result, with psycopg's own as its cause.

    While `preparing`, no value has been sent: the server can only have quoted the query itself.
    """
    name = query.full_name if query else None
    if result.status in _COPY:
        return StatementError("COPY cannot run as a query", query=name)
    code = sqlstate(result)
    primary = _text(result, _Field.MESSAGE_PRIMARY)
    if not preparing and query is not None:
        primary = _showable(result, primary, code, query)
    constraint = _text(result, _Field.CONSTRAINT_NAME)
    if not constraint and (column := _text(result, _Field.COLUMN_NAME)):
        constraint = f"{_text(result, _Field.TABLE_NAME)}.{column}"  # NOT NULL, as SQLite has it
    error = from_sqlstate(code, primary, query=name, constraint=constraint or None)
    try:
        kind = lookup(code)
    except KeyError:
        kind = psycopg.DatabaseError
    error.__cause__ = kind(str(error), info=result)
    return error


def _showable(result: Result, primary: str, code: str, query: Query) -> str:
    if code[:2] in ("22", "P0") or _text(result, _Field.SOURCE_FUNCTION) == "exec_stmt_raise":
        return ""  # data exceptions quote in many ways; RAISE says what it likes
    return without_values(primary, "\n".join(variant.text for variant in query.variants))


def moved(query: Query) -> SerializationFailure:
    """The error for a statement that went out of date where it could not be repeated."""
    message = "the schema was changed under the statement, which did nothing; run it again"
    return SerializationFailure(message, query=query.full_name)


def unreadable(query: Query, error: Exception) -> ResultError:
    """The error for a value that Python cannot hold: `infinity`, the year 10000."""
    message = f"a value in the result does not fit its Python type ({type(error).__name__})"
    return ResultError(message, query=query.full_name)


def libpq_message(result: Result) -> str:
    """What libpq says of a connection; in one line, without its advice."""
    return result.error_message.decode(errors="replace").partition("\n")[0]


def sqlstate(result: Result) -> str:
    """The SQLSTATE of a failed result; "" where the connection broke."""
    return _text(result, _Field.SQLSTATE)


def _text(result: Result, field: pq.DiagnosticField) -> str:
    return (result.error_field(field) or b"").decode(errors="replace")
