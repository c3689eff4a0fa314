"""`echo=on`: a line of log for each statement that ran, by the logger `rawstore.echo` at INFO.

The text is the query file's, with placeholders: no value is in it. Who asked for an echo wants to
see it: where an application has set up no logging, the lines go to stderr.
"""

from __future__ import annotations

import logging
import sys
from contextlib import suppress

from .query import Variant

logger = logging.getLogger("rawstore.echo")


def echo(variant: Variant, seconds: float, rows: int | None, error: BaseException | None) -> None:
    """Log a statement: its query, the time it took, its rows or error, and its text."""
    if not logger.isEnabledFor(logging.INFO):
        return
    name, milliseconds = variant.query.full_name, seconds * 1000
    if error is not None:
        outcome = type(error).__name__  # its text is for whoever gets it
    else:
        outcome = "done" if rows is None else f"rows {rows}"
    logger.info("%s: %.3f ms, %s: %s", name, milliseconds, outcome, variant.text.strip())


class _Unheard(logging.Handler):
    """Writes what no other handler takes: logging itself would drop it."""

    def emit(self, record: logging.LogRecord) -> None:
        parents = (logger, logging.getLogger("rawstore"), logging.getLogger())
        others = [each for parent in parents for each in parent.handlers if each is not self]
        if all(isinstance(each, logging.NullHandler) for each in others):
            with suppress(AttributeError, OSError, ValueError):  # closed, or none at all
                sys.stderr.write(f"{record.name}: {self.format(record)}\n")


logger.addHandler(_Unheard())
if logger.level == logging.NOTSET:
    logger.setLevel(logging.INFO)
