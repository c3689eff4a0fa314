"""Every error that rawstore raises, in one tree.

RawstoreError
├── ConfigError                 a URL, variable or option that cannot be used
├── QueryFileError              a query file that cannot be loaded: file:line, what, how to mend it
├── ParameterError              a value that a query cannot take
├── MigrationError              migrations that cannot or must not run
└── DatabaseError               what the database said, the same on both engines
    ├── IntegrityError
    │   ├── UniqueViolation
    │   ├── ForeignKeyViolation
    │   ├── NotNullViolation
    │   ├── CheckViolation
    │   └── ExclusionViolation
    ├── DataError               a value the database refuses (range, format, size)
    ├── StatementError          the statement does not fit the schema, or may not run
    │   ├── UndefinedObject     no such table, column or function: is the schema migrated?
    │   └── PermissionDenied
    ├── ResultError             the result is not what the query declares
    │   └── TooManyRows         a second row for `:one`
    ├── RetryableError          the transaction may be run again as it is (`Store.run` does)
    │   ├── SerializationFailure
    │   └── DeadlockDetected
    ├── TransactionAborted      a statement failed earlier in this transaction
    ├── StatementTimeout        stopped at its time limit, without effect
    ├── DatabaseBusy            a lock was not to be had in time
    ├── Overloaded              no connection was free in time
    ├── ReadOnly
    ├── StorageFull
    ├── DatabaseCorrupt         damaged, or not a database
    └── ConnectionLost          the server cannot be reached, or went away
        └── CommitOutcomeUnknown  it went away during COMMIT

Messages name the query and the object, never a value. The driver's own error is the `__cause__`.
"""

from __future__ import annotations

from pathlib import Path


class RawstoreError(Exception):
    """The root: `except RawstoreError` catches everything this package raises."""


class ConfigError(RawstoreError):
    """A URL, an environment variable or an option that cannot be used."""


class QueryFileError(RawstoreError):
    """A query file that cannot be loaded.

    `file` and `line` (from 1) say where; `reason` says what is wrong and how to mend it.
    """

    def __init__(self, file: Path | str, line: int, reason: str) -> None:
        super().__init__(f"{file}:{line}: {reason}")
        self.file = Path(file)
        self.line = line
        self.reason = reason

    def __reduce__(self) -> tuple[type[QueryFileError], tuple[Path, int, str]]:
        """Pickle by the three arguments, not by the one message."""
        return type(self), (self.file, self.line, self.reason)


class ParameterError(RawstoreError, ValueError):
    """A value that a query cannot take: `query`, `parameter`, and what was `expected`."""

    def __init__(self, query: str, parameter: str, expected: str) -> None:
        super().__init__(f"{query}: parameter {parameter!r}: {expected}")
        self.query = query
        self.parameter = parameter
        self.expected = expected

    def __reduce__(self) -> tuple[type[ParameterError], tuple[str, str, str]]:
        """Pickle by the three arguments, not by the one message."""
        return type(self), (self.query, self.parameter, self.expected)


class MigrationError(RawstoreError):
    """Migrations that cannot or must not run; nothing was changed unless it says so."""


class DatabaseError(RawstoreError):
    """The database refused or failed.

    `query` is the query's full name (None outside a query), `code` the SQLSTATE or SQLite's
    error name, `constraint` the constraint's name where the database tells it.
    """

    def __init__(
        self,
        message: str,
        *,
        query: str | None = None,
        code: str | None = None,
        constraint: str | None = None,
    ) -> None:
        super().__init__(f"{query}: {message}" if query else message)
        self.query = query
        self.code = code
        self.constraint = constraint


class IntegrityError(DatabaseError):
    """A constraint was violated."""


class UniqueViolation(IntegrityError):
    """A row with this key exists."""


class ForeignKeyViolation(IntegrityError):
    """The row points to one that does not exist, or is pointed to."""


class NotNullViolation(IntegrityError):
    """A column that must have a value got none."""


class CheckViolation(IntegrityError):
    """A value that a CHECK constraint forbids."""


class ExclusionViolation(IntegrityError):
    """A row that conflicts with another under an EXCLUDE constraint."""


class DataError(DatabaseError):
    """A value that the database refuses: out of range, malformed, or too large."""


class StatementError(DatabaseError):
    """The statement does not fit the schema, or may not run."""


class UndefinedObject(StatementError):
    """No such schema, table, column or function; often the migrations have not run."""


class PermissionDenied(StatementError):
    """The role may not do this."""


class ResultError(DatabaseError):
    """The result is not what the query declares (columns, or a value Python cannot hold)."""


class TooManyRows(ResultError):
    """A `:one` or `:scalar` query found more than one row."""


class RetryableError(DatabaseError):
    """The transaction was rolled back and may be run again as it is."""


class SerializationFailure(RetryableError):
    """Concurrent transactions could not be put in an order."""


class DeadlockDetected(RetryableError):
    """Two transactions waited for each other; this one was chosen to give way."""


class TransactionAborted(DatabaseError):
    """A statement failed earlier in this transaction; only leaving it is possible."""


class StatementTimeout(DatabaseError):
    """The statement reached its time limit and was stopped, without effect."""


class DatabaseBusy(DatabaseError):
    """A lock held by somebody else was not released in time."""


class Overloaded(DatabaseError):
    """Every connection of the pool was in use for too long, or too many callers wait."""


class ReadOnly(DatabaseError):
    """A write on a read-only file, transaction or server."""


class StorageFull(DatabaseError):
    """No space left, or the disk failed while writing."""


class DatabaseCorrupt(DatabaseError):
    """The file is damaged, or is not a database."""


class ConnectionLost(DatabaseError):
    """The server cannot be reached, went away, or did not answer within the deadline."""


class CommitOutcomeUnknown(ConnectionLost):
    """The connection was lost during COMMIT: the transaction may or may not have taken effect."""
