"""Getting what can be got from a damaged SQLite file into a new one."""

from __future__ import annotations

from pathlib import Path

from .. import source as sources
from ..errors import ConfigError
from ..migrate.stoppable import stoppable
from ..progress import Progress, quiet
from ..source import Source
from .pages import Pages
from .recovery import Recovery
from .rescue import REJECTED, Rescue, made
from .salvage import Salvage
from .sqlite import BELONGING
from .unfinished import disk, unfinished


def recover(
    damaged: str | Path,
    new: str | Path,
    store: str | Path | Source | None = None,
    *,
    keep_orphans: bool = False,
    on_progress: Progress = quiet,
) -> Recovery:
    """Read a damaged file and write what can be saved into a new one, made by the migrations.

    The file is only read, and its write-ahead log with it. `store` is whose it is; None: it is
    found out. Each row is read by the file's format and must pass every constraint of the new
    file; what does not stands in `<new>.rejected.jsonl`. A flipped bit within a text is not to be
    told from what was written: SQLite has no checksums. Raises ConfigError, StorageFull.
    """
    old, path = Path(damaged), Path(new)
    for suffix in ("", *BELONGING, REJECTED):
        if (there := path.with_name(f"{path.name}{suffix}")).exists():
            raise ConfigError(f"{there} exists: recover into a new file, with nothing beside it")
    if not old.is_file():
        raise ConfigError(f"{old} is no file")
    with stoppable(), disk(old), Pages(old) as pages:
        salvage = Salvage(pages)
        source = store if isinstance(store, Source) else _source(store, salvage, old)
        with unfinished(path, 0o666) as run:
            rescue = Rescue(salvage, source, run, on_progress, keep_orphans=keep_orphans)
            return rescue.run()


def _source(store: str | Path | None, salvage: Salvage, path: Path) -> Source:
    """Whose file it is: the store that makes the most of its tables."""
    if store is not None:
        return sources.find(store)
    has = {each.name for each in salvage.objects if each.kind == "table"}
    found = {name: len(has & made(sources.find(name))) for name in sources.shipped()}
    best = max(found.values())
    names = [name for name, count in found.items() if count == best]
    if not best or len(names) > 1:
        raise ConfigError(f"it cannot be told whose file {path} is: give its store (--store)")
    return sources.find(names[0])
