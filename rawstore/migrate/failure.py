"""What goes wrong in a migration, as an error of ours that names the file and the line."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from yoyo.exceptions import BadMigration, MigrationConflict  # type: ignore[import-untyped]

from rawstore import errors
from rawstore.engines.errormap import sqlite_class, sqlstate_class
from rawstore.target import PostgresTarget
from rawstore.tls import remedy

# Not the file's fault: the same class as anywhere else. What remains is a MigrationError.
_OUTSIDE = (
    errors.ConnectionLost,
    errors.DatabaseBusy,
    errors.DatabaseCorrupt,
    errors.Overloaded,
    errors.PermissionDenied,
    errors.ReadOnly,
    errors.RetryableError,
    errors.StorageFull,
)


def error_class(error: Exception) -> type[errors.DatabaseError]:
    """Return our class of a driver's error."""
    if isinstance(error, psycopg.Error):
        if error.sqlstate is None:
            lost = isinstance(error, psycopg.OperationalError)
            return errors.ConnectionLost if lost else errors.DatabaseError
        return sqlstate_class(error.sqlstate)
    return sqlite_class(getattr(error, "sqlite_errorname", ""))


def reason(error: Exception) -> str:
    """Return what the driver says and its code, without the values that a detail quotes."""
    if not isinstance(error, psycopg.Error):
        return str(error)
    code = error.sqlstate
    said = error.diag.message_primary or "; ".join(str(error).splitlines())
    if code and code.startswith("22"):
        said = said.partition(":")[0]
    return f"{said} ({code})" if code else f"{said}{remedy(said)}"


def hidden(text: str, target: PostgresTarget) -> str:
    """Return the text without any of the target's secrets."""
    return target.hide(text)


def translate(error: Exception, what: str, after: str = "") -> errors.RawstoreError:
    """Return the error to raise for a driver's: `what: reason`, then what it means for the user."""
    kind = error_class(error)
    message = f"{what}: {reason(error)}{after}"
    if issubclass(kind, _OUTSIDE):
        return kind(message, code=getattr(error, "sqlstate", None) or _sqlite_name(error))
    return errors.MigrationError(message)


def _sqlite_name(error: Exception) -> str | None:
    return getattr(error, "sqlite_errorname", None)


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise every error of a driver, of yoyo and of the file system in the block as one of ours."""
    try:
        yield
    except (psycopg.Error, sqlite3.Error) as error:
        raise translate(error, what) from error
    except (BadMigration, MigrationConflict) as error:
        raise errors.MigrationError(f"{what}: {error}") from error
    except PermissionError as error:
        raise errors.PermissionDenied(f"{what}: {error}") from error
    except OSError as error:
        raise errors.MigrationError(f"{what}: {error}") from error
