"""What a database says, as an error of `rawstore.errors`. No driver is imported here.

SQLSTATEs: PostgreSQL documentation, Appendix A. SQLite's names: sqlite.org/rescode.html.
Messages are ours or the server's primary message; DETAIL and CONTEXT, which quote values, never.
"""

from __future__ import annotations

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
    "42501": e.PermissionDenied,
    "42P01": e.UndefinedObject,
    "42703": e.UndefinedObject,
    "42704": e.UndefinedObject,
    "42883": e.UndefinedObject,
    "3F000": e.UndefinedObject,
    "53100": e.StorageFull,
    "53300": e.Overloaded,
    "54000": e.DataError,  # program_limit_exceeded: the value is too large for an index, say
    "XX001": e.DatabaseCorrupt,
    "XX002": e.DatabaseCorrupt,
}
_SQLSTATE_CLASS: dict[str, type[e.DatabaseError]] = {
    "08": e.ConnectionLost,
    "22": e.DataError,
    "23": e.IntegrityError,
    "25": e.ConnectionLost,  # 25P03, 25P04: the server closed an idle transaction's session
    "28": e.ConnectionLost,  # authentication
    "3D": e.ConnectionLost,  # no such database
    "42": e.StatementError,
    "53": e.Overloaded,
    "57": e.ConnectionLost,  # shutdown, crash, starting up
    "58": e.StorageFull,
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


def sqlstate_class(code: str) -> type[e.DatabaseError]:
    """The error class of an SQLSTATE."""
    return _SQLSTATE.get(code) or _SQLSTATE_CLASS.get(code[:2], e.DatabaseError)


def from_sqlstate(
    code: str, primary: str, *, query: str | None = None, constraint: str | None = None
) -> e.DatabaseError:
    """The error for a server's report. `primary` is its message without detail."""
    kind = sqlstate_class(code)
    if issubclass(kind, e.IntegrityError) and constraint:
        message = f"{_words(kind)} of {constraint}"
    elif code.startswith("22"):  # "invalid input syntax for type integer: <the value>"
        message = f"{_MEANING[e.DataError]}: {primary.split(':')[0]}"
    else:
        message = _MEANING.get(kind, primary)
    if kind is e.UndefinedObject:
        message += "; are the migrations applied (rawstore migrate up)?"
    return kind(message, query=query, code=code, constraint=constraint)


def sqlite_class(name: str) -> type[e.DatabaseError]:
    """The error class of an extended result code by name, or of its primary code."""
    while name not in _SQLITE:
        name, _, dropped = name.rpartition("_")
        if not dropped or not name:
            return e.DatabaseError
    return _SQLITE[name]


def from_sqlite(name: str, message: str, *, query: str | None = None) -> e.DatabaseError:
    """The error for SQLite's report. Its messages quote names, hardly ever values."""
    kind = sqlite_class(name)
    constraint = None
    if message.startswith("no such ") or "no column named" in message:
        kind = e.UndefinedObject
        message += "; are the migrations applied (rawstore migrate up)?"
    elif issubclass(kind, e.IntegrityError):
        constraint = message.partition(": ")[2] or None
        message = f"{_words(kind)} of {constraint}" if constraint else _words(kind)
    elif kind is e.DataError:
        message = _MEANING[kind]
    elif kind in _MEANING:
        message = _MEANING[kind]
    elif kind is e.DatabaseBusy:
        message = "the write lock was not free in time"
    return kind(message, query=query, code=name, constraint=constraint)


def _words(kind: type[e.DatabaseError]) -> str:
    """`UniqueViolation` as "unique violation"."""
    name = kind.__name__
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()
