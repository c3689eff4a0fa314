"""What a database says, as an error of `rawstore.errors`. No driver is imported here.

SQLSTATEs: PostgreSQL documentation, Appendix A. SQLite's names: sqlite.org/rescode.html.
Messages are ours or the database's; DETAIL and CONTEXT, which quote values, never.
"""

from __future__ import annotations

import re

from .. import errors as e

_SQLSTATE: dict[str, type[e.DatabaseError]] = {
    "23505": e.UniqueViolation,
    "23503": e.ForeignKeyViolation,
    "23001": e.ForeignKeyViolation,  # restrict_violation
    "23502": e.NotNullViolation,
    "23514": e.CheckViolation,
    "23P01": e.ExclusionViolation,
    "40001": e.SerializationFailure,
    "40P01": e.DeadlockDetected,
    "25P02": e.TransactionAborted,
    "57014": e.StatementTimeout,
    "55P03": e.DatabaseBusy,
    "25006": e.ReadOnly,
    "25P03": e.ConnectionLost,  # the server closed a session that idled in its transaction
    "25P04": e.ConnectionLost,  # transaction_timeout
    "42501": e.PermissionDenied,
    "42P01": e.UndefinedObject,
    "42703": e.UndefinedObject,
    "42704": e.UndefinedObject,
    "42883": e.UndefinedObject,
    "3F000": e.UndefinedObject,
    "53100": e.StorageFull,
    "54000": e.DataError,  # program_limit_exceeded: the value is too large for an index, say
    "58030": e.StorageFull,  # io_error
    "XX001": e.DatabaseCorrupt,
    "XX002": e.DatabaseCorrupt,
}
_SQLSTATE_CLASS: dict[str, type[e.DatabaseError]] = {
    "08": e.ConnectionLost,
    "0A": e.StatementError,
    "21": e.StatementError,
    "22": e.DataError,
    "23": e.IntegrityError,
    "25": e.StatementError,
    "26": e.StatementError,
    "28": e.ConnectionLost,  # authentication
    "34": e.StatementError,
    "3D": e.ConnectionLost,  # no such database
    "42": e.StatementError,
    "44": e.CheckViolation,  # of a view's WITH CHECK OPTION
    "53": e.Overloaded,
    "54": e.StatementError,
    "57": e.ConnectionLost,  # shutdown, crash, starting up
}

_SQLITE: dict[str, type[e.DatabaseError]] = {
    "SQLITE_CONSTRAINT_UNIQUE": e.UniqueViolation,
    "SQLITE_CONSTRAINT_PRIMARYKEY": e.UniqueViolation,
    "SQLITE_CONSTRAINT_ROWID": e.UniqueViolation,
    "SQLITE_CONSTRAINT_FOREIGNKEY": e.ForeignKeyViolation,
    "SQLITE_CONSTRAINT_NOTNULL": e.NotNullViolation,
    "SQLITE_CONSTRAINT_CHECK": e.CheckViolation,
    "SQLITE_CONSTRAINT_DATATYPE": e.DataError,
    "SQLITE_CONSTRAINT": e.IntegrityError,
    "SQLITE_MISMATCH": e.DataError,
    "SQLITE_TOOBIG": e.DataError,
    "SQLITE_RANGE": e.DataError,
    "SQLITE_BUSY": e.DatabaseBusy,
    "SQLITE_BUSY_SNAPSHOT": e.SerializationFailure,
    "SQLITE_LOCKED": e.DatabaseBusy,
    "SQLITE_PROTOCOL": e.DatabaseBusy,
    "SQLITE_INTERRUPT": e.StatementTimeout,
    "SQLITE_READONLY": e.ReadOnly,
    "SQLITE_AUTH": e.PermissionDenied,
    "SQLITE_PERM": e.PermissionDenied,
    "SQLITE_FULL": e.StorageFull,
    "SQLITE_IOERR": e.StorageFull,
    "SQLITE_NOMEM": e.StorageFull,
    "SQLITE_CORRUPT": e.DatabaseCorrupt,
    "SQLITE_NOTADB": e.DatabaseCorrupt,
    "SQLITE_CANTOPEN": e.ConnectionLost,
    "SQLITE_SCHEMA": e.StatementError,
    "SQLITE_ERROR": e.StatementError,
}

_MEANING: dict[type[e.DatabaseError], str] = {
    e.StatementTimeout: "stopped at its time limit",
    e.SerializationFailure: "could not be ordered among concurrent transactions; run it again",
    e.DeadlockDetected: "chosen to give way in a deadlock; run it again",
    e.TransactionAborted: "a statement failed earlier in this transaction; leave its `with` block",
    e.DataError: "the database refused a value",
}
_DATA: dict[str, str] = {
    "22001": "too long",
    "22003": "a number out of range",
    "22007": "not a date or time",
    "22008": "a date or time out of range",
    "22012": "division by zero",
    "22021": "not valid in this encoding",
    "22023": "not a valid argument",
    "22P02": "not in the format of its type",
    "22P05": "a character that cannot be stored",
    "2201W": "a negative LIMIT",
    "2201X": "a negative OFFSET",
}


# What comes first: something in quotes (to the last of them, for it may hold some) or a colon.
_QUOTED = re.compile(r"""["'](?P<quote>.*)["']|(?<!^fts5): (?P<rest>.*)""", re.DOTALL)


def sqlstate_class(code: str) -> type[e.DatabaseError]:
    """The error class of an SQLSTATE."""
    return _SQLSTATE.get(code) or _SQLSTATE_CLASS.get(code[:2], e.DatabaseError)


def from_sqlstate(
    code: str, primary: str, *, query: str | None = None, constraint: str | None = None
) -> e.DatabaseError:
    """The error for a server's report. `primary` is what may be shown of its message, or ""."""
    kind = sqlstate_class(code)
    if issubclass(kind, e.IntegrityError):
        message = f"{_words(kind)} of {constraint}" if constraint else _words(kind)
    elif kind is e.DataError:
        told = primary or _DATA.get(code)
        message = f"{_MEANING[kind]}: {told}" if told else _MEANING[kind]
    else:
        message = _MEANING.get(kind) or primary or f"the database reports {_words(kind)} ({code})"
    if kind is e.UndefinedObject:
        message += "; are the migrations applied (rawstore migrate up)?"
    return kind(message, query=query, code=code or None, constraint=constraint)


def without_values(message: str, text: str) -> str:
    """A message with what it quotes only where that stands in the statement's own `text`."""
    found = _QUOTED.search(message)
    if found is None:
        return message
    start, end = found.span("quote" if found["quote"] is not None else "rest")
    return message if message[start:end] in text else f"{message[:start]}…{message[end:]}"


def sqlite_class(name: str) -> type[e.DatabaseError]:
    """The error class of an extended result code by name, or of its primary code."""
    while name not in _SQLITE:
        name, _, dropped = name.rpartition("_")
        if not dropped or not name:
            return e.DatabaseError
    return _SQLITE[name]


def from_sqlite(
    name: str, message: str, *, query: str | None = None, text: str | None = None
) -> e.DatabaseError:
    """The error for SQLite's report. `text` is the statement, where values were bound to one."""
    if message.startswith("cannot store "):  # sqlite3 calls this one "unknown"
        name = "SQLITE_CONSTRAINT_DATATYPE"
    kind = sqlite_class(name)
    constraint = None
    if text is not None and name == "SQLITE_ERROR":  # full text and JSON quote their arguments
        message = without_values(message, text)
    if message.startswith("no such ") or "no column named" in message:
        kind = e.UndefinedObject
        message += "; are the migrations applied (rawstore migrate up)?"
    elif issubclass(kind, e.IntegrityError):
        constraint = message.partition(" constraint failed: ")[2] or None
        message = f"{_words(kind)} of {constraint}" if constraint else _words(kind)
    elif kind in _MEANING:
        message = _MEANING[kind]
    elif kind is e.DatabaseBusy:
        message = "the write lock was not free in time"
    return kind(message, query=query, code=name, constraint=constraint)


def _words(kind: type[e.DatabaseError]) -> str:
    """`UniqueViolation` as "unique violation"."""
    name = kind.__name__
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()
