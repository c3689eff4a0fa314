"""What goes wrong, as one line on stderr and an exit code."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path

import click

from ..errors import (
    ConfigError,
    ConnectionLost,
    DatabaseBusy,
    DatabaseError,
    MigrationError,
    Overloaded,
    ParameterError,
    QueryFileError,
    RawstoreError,
    StatementTimeout,
)
from .output import printable

UNHEALTHY = 1
REFUSED = 5
FINDINGS = 6
UNREACHABLE = 7
_DECLINED = 1
_INTERNAL = 70  # EX_SOFTWARE
_FILE = 74  # EX_IOERR
_INTERRUPTED = 130  # as a shell reports SIGINT
_PIPE_CLOSED = 141  # and SIGPIPE

# The first class that fits counts.
_CODES: tuple[tuple[type[Exception], int], ...] = (
    (ConfigError, 3),
    (QueryFileError, 4),
    (ParameterError, REFUSED),
    (MigrationError, 6),
    (ConnectionLost, UNREACHABLE),
    (Overloaded, 7),
    (DatabaseBusy, 7),
    (StatementTimeout, 7),
    (DatabaseError, 8),
    (RawstoreError, 8),
)

EXIT_CODES = """\b
Exit codes:
  0  done
  1  a problem was found, vectors tune cannot reach the recall, or a question was answered with no
  2  the command line is wrong
  3  configuration: a URL or variable that cannot be used
  4  a query file that cannot be loaded
  5  a value that the query cannot take, or a row that import or copy refuses
  6  findings of check, migrate check or plans; migrations that cannot or must not run
  7  the database is out of reach, too busy or too slow: try again later
  8  the database refused
  70 a mistake in rawstore itself
  74 a file, or the output, cannot be read or written
  130, 141  interrupted; the reader of the output went away
"""


class Mistake(click.ClickException):
    """A mistake on the command line whose message says all that --help could add."""

    exit_code = 2


def code_of(error: RawstoreError) -> int:
    """Return the exit code of an error."""
    return next(code for kind, code in _CODES if isinstance(error, kind))


def guarded(command: Callable[[], object]) -> int:
    """Run a command; report what it raises and return the exit code."""
    try:
        result = command()
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        return pipe_closed()
    except Exception as error:  # a traceback would show values
        return _reported(error)
    return result if isinstance(result, int) else 0


def pipe_closed() -> int:
    """Give up on stdout, so that nothing is written to it on the way out; return the exit code."""
    _drop_output()
    return _PIPE_CLOSED


def _drop_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _reported(error: Exception) -> int:
    match error:
        case click.ClickException():
            return _report(_usage(error), error.exit_code)
        case click.Abort(__cause__=KeyboardInterrupt()):
            return _INTERRUPTED
        case click.Abort():
            return _report("aborted", _DECLINED)
        case RawstoreError():
            return _report(str(error), code_of(error))
        case OSError(errno=errno.ENOSPC | errno.EDQUOT | errno.EFBIG | errno.EIO):
            _drop_output()
            return _report(f"cannot write: {error.strerror}", _FILE)
        case OSError() if error.filename:
            return _report(f"{error.filename}: {error.strerror}", _FILE)
    return _report(_internal(error), _INTERNAL)


def _report(message: str, code: int) -> int:
    click.echo(f"rawstore: error: {printable(message)}", err=True)
    return code


def _usage(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    hint = f"; see {context.command_path} --help" if context else ""
    return f"{error.format_message().rstrip('.')}{hint}"


def _internal(error: Exception) -> str:
    """Name the place and the class; the message may hold values."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "?"
    return f"internal: {type(error).__name__} at {place}; this is a bug, please report it"
