"""The backups in a folder: what they are, whether they are sound, and which may go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigError, RawstoreError
from ..progress import Progress, quiet
from .archive import SUFFIX, opened
from .make import FOLDER
from .manifest import Manifest
from .unfinished import disk

if TYPE_CHECKING:
    from ..store import Store


@dataclass(frozen=True, slots=True)
class Listed:
    """A backup in a folder; `manifest` is None where it cannot be read.

    `problem` says what is wrong with it: with the whole of it, if it was `checked`.
    """

    path: Path
    size: int
    manifest: Manifest | None
    problem: str | None
    checked: bool


def backups(
    place: str | Path = FOLDER, *, check: bool = True, on_progress: Progress = quiet
) -> list[Listed]:
    """The backups in a folder, or the one in a file, oldest first; what is damaged comes last.

    With `check` every byte of each is read. Raises ConfigError where there is no such folder.
    """
    path = Path(place)
    if not path.exists():
        raise ConfigError(f"{path} does not exist")
    files = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
    found = []
    for done, file in enumerate(files):
        on_progress("backups", done, len(files))
        each = _listed(file, check=check)
        if each.problem is None or file.exists():  # a schedule may have removed it meanwhile
            found.append(each)
    on_progress("backups", len(files), len(files))
    return sorted(found, key=lambda each: (each.manifest is None, _made_at(each), each.path))


def _listed(path: Path, *, check: bool) -> Listed:
    manifest, problem, size = None, None, 0
    try:
        with opened(path) as archive:
            size = archive.size
            manifest = archive.manifest()
            if check:
                archive.check()
    except RawstoreError as error:
        problem = str(error)
    except OSError as error:
        problem = f"{path}: {error.strerror}"
    return Listed(path, size, manifest, problem, check)


def of_store(folder: Path, store: Store) -> list[Listed]:
    """A store's backups of its dialect, oldest first, without those that are plainly damaged.

    Without those of the future, too: a clock was wrong, and how old they are is not known.
    """
    if not folder.is_dir():
        return []
    now = datetime.now(UTC)
    return [
        each
        for each in backups(folder, check=False)
        if (manifest := each.manifest)
        and (manifest.store, manifest.dialect) == (store.name, store.dialect)
        and manifest.made_at <= now
    ]


def surplus(folder: Path, store: Store, keep: int, more: int = 0) -> list[Path]:
    """The oldest backups of a store, beyond the newest `keep`; `more` are yet to be made."""
    found = of_store(folder, store)
    return [each.path for each in found[: max(len(found) + more - keep, 0)]]


def prune(folder: Path, store: Store, keep: int) -> list[Path]:
    """Remove a store's oldest backups beyond the newest `keep`, 1 or more; what was removed.

    Those of the other dialect stay: but a folder is for one database, which a backup does not name.

    What cannot be read as a backup is left alone, and does not count; nor does what a wrong clock
    has dated later than now. To be called after a backup
    was made and checked, which is thus never among them. Raises ConfigError.
    """
    paths = surplus(folder, store, keep)
    for path in paths:
        with disk(path):
            path.unlink(missing_ok=True)
    return paths


def _made_at(listed: Listed) -> datetime | str:
    return listed.manifest.made_at if listed.manifest else ""
