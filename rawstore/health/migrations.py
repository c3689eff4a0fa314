"""A store's migrations as its database has them, against the files. Writes nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..migrate import ledger
from ..migrate.folder import read_folder
from ..migrate.plan import History
from .verdict import Findings, Problem

_Judgement = tuple[dict[str, int], list[Problem]]


class Migrations:
    """Judges one folder; an unchanged folder with an unchanged history is judged once."""

    def __init__(self, folder: Path, store: str) -> None:
        self.folder = folder
        self._store = store
        self._known: tuple[Any, _Judgement] = (None, ({}, []))

    @property
    def exist(self) -> bool:
        """Whether the store has migrations for this dialect."""
        return self.folder.is_dir()

    def judge(self, home: ledger.Reader, found: Findings) -> None:
        """Add counts and problems. Raises MigrationError for files that cannot be read."""
        rows = ledger.applied(home)
        seen = (_signature(self.folder), rows)
        known, judgement = self._known  # as one: two threads may be here
        if seen != known:
            judgement = _judged(History(read_folder(self.folder), rows), self._store)
            self._known = (seen, judgement)
        counts, problems = judgement
        found.migrations = dict(counts)
        found.problems.extend(problems)


def _signature(folder: Path) -> list[tuple[str, int, int]]:
    """What changes when a file of the folder does."""
    with os.scandir(folder) as entries:
        stats = [(entry.name, entry.stat()) for entry in entries]
    return sorted((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)


def _judged(history: History, store: str) -> _Judgement:
    states = history.states()
    newest_file = max((file.id for file in history.files), default="")
    newest_applied = max((each.id for each in states if each.state != "pending"), default="")
    ids = {
        state: [each.id for each in states if each.state == state]
        for state in ("applied", "pending", "changed", "missing")
    }
    ids["ahead"] = [id_ for id_ in ids["missing"] if id_ > newest_file]
    ids["missing"] = [id_ for id_ in ids["missing"] if id_ <= newest_file]
    ids["out_of_order"] = [id_ for id_ in ids["pending"] if id_ < newest_applied]
    return {state: len(those) for state, those in ids.items()}, _problems(ids, store)


def _problems(ids: dict[str, list[str]], store: str) -> list[Problem]:
    problems = [
        Problem("tampered", f"migration {id_} is applied, but its file is {state}")
        for state in ("changed", "missing")
        for id_ in ids[state]
    ]
    if late := ids["out_of_order"]:
        text = f"not applied, though migrations that come after are: {_named(late)}"
        problems.append(Problem("tampered", text))
    if pending := ids["pending"]:
        some = "1 migration is" if len(pending) == 1 else f"{len(pending)} migrations are"
        problems.append(Problem("behind", f"{some} pending: rawstore migrate up {store}"))
    if ahead := ids["ahead"]:
        text = f"the schema is newer than these files, which do not know {_named(ahead)}"
        problems.append(Problem("ahead", f"{text}: deploy the version that has them"))
    return problems


def _named(ids: Sequence[str]) -> str:
    shown = ", ".join(ids[:3])
    return shown if len(ids) <= 3 else f"{shown} and {len(ids) - 3} more"
