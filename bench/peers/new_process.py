"""A new Python process for each call: what importing costs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..measure import Args, Sample
from ..place import FOLDER, Place
from . import Peer

_RAWSTORE = """
import sys
from pathlib import Path
import rawstore
with rawstore.open(Path(sys.argv[1]), sys.argv[2]) as store:
    assert store.get_user(sys.argv[3])
"""
_BY_HAND = """
import sys
import sqlite3
connection = sqlite3.connect(sys.argv[2])
assert connection.execute(sys.argv[1], (sys.argv[3],)).fetchone()
"""
_ROOT = Path(__file__).parents[2]


class _NewProcess:
    def __init__(self, program: str, first: str, second: str) -> None:
        self.command = [sys.executable, "-c", program, first, second]
        # Compiled once, as any installed package is.
        unwanted = ("PYTHONDONTWRITEBYTECODE",)
        self.environment = {k: v for k, v in os.environ.items() if k not in unwanted}

    def sample(self, _: str) -> Sample:
        """From the start of each process to its end."""

        def sampled(arguments: Sequence[Args]) -> Sequence[int]:
            taken = []
            for (user_id,) in arguments:
                start = time.perf_counter_ns()
                command = [*self.command, str(user_id)]
                subprocess.run(command, check=True, cwd=_ROOT, env=self.environment)  # noqa: S603 - ours
                taken.append(time.perf_counter_ns() - start)
            return taken

        return sampled


@contextmanager
def _rawstore(place: Place) -> Iterator[_NewProcess]:
    yield _NewProcess(_RAWSTORE, str(FOLDER), place.url)


@contextmanager
def _by_hand(place: Place) -> Iterator[_NewProcess]:
    yield _NewProcess(_BY_HAND, place.text("get_user").text, place.path)


RAWSTORE = Peer("rawstore, a new process", "rawstore", "NamedTuple", _rawstore)
BY_HAND = Peer("sqlite3, a new process", "sqlite3", "tuple of stored values", _by_hand)
