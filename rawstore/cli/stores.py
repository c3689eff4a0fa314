"""From what was typed as STORE to folders, registries and open stores."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from .. import config, source
from ..errors import ConfigError
from ..query import Query
from ..registry import Registry
from ..scan import Dialect
from ..source import Source
from .errors import Mistake

if TYPE_CHECKING:
    from ..store import Store

DIALECTS: tuple[Dialect, ...] = ("sqlite", "postgres")
logger = logging.getLogger("rawstore.cli")


def builtin() -> tuple[str, ...]:
    """Return the names of the stores that come with the package."""
    return source.shipped()


def find(store: str) -> Source:
    """Return where the files of a store lie; a Mistake names near ones."""
    return source.find(_typed(store))


def locate(store: str, url: str | None) -> config.Located:
    """Return the database of a store."""
    return config.locate(find(store).name, url)


def open_store(store: str, url: str | None) -> Store:
    """Return the store, open."""
    import rawstore

    if logger.isEnabledFor(logging.INFO):  # a secret store would be asked twice
        located = locate(store, url)
        logger.info("%s: %s, said by %s", store, located.target, located.source)
    return rawstore.open(_typed(store), url)


def registry(store: str, dialect: Dialect) -> Registry:
    """Return a store's queries; no database is needed."""
    return find(store).load(dialect)


def query(registry: Registry, name: str) -> Query:
    """Return a query; a Mistake names near ones."""
    if name in registry:
        return registry[name]
    near = get_close_matches(name, registry.by_name, n=1)
    hint = f"; did you mean {near[0]}?" if near else f"; see rawstore queries {registry.store}"
    raise Mistake(f"{registry.store} has no query {name!r}{hint}")


def dialects(store: str) -> list[Dialect]:
    """Return the dialects that the store speaks."""
    found = find(store)
    spoken: list[Dialect] = [
        dialect
        for dialect in DIALECTS
        if found.sql(dialect).is_dir() or found.migrations(dialect).is_dir()
    ]
    if not spoken:
        raise ConfigError(f"{store} holds neither sql/sqlite/ nor sql/postgres/")
    return spoken


def migrations(store: str) -> Mapping[Dialect, Path]:
    """Return the store's folders of migrations."""
    found = find(store)
    return {dialect: found.migrations(dialect) for dialect in dialects(store)}


def migration_ids(store: str) -> list[str]:
    """Return the ids of a store's migrations, in order."""
    from ..migrate.folder import sql_files

    folders = migrations(store).values()
    return sorted({path.stem for folder in folders for path in sql_files(folder)})


def _typed(store: str) -> str | Path:
    if "/" in store or os.sep in store or (Path(store) / "sql").is_dir():
        return Path(store)
    names = builtin()
    if store in names:
        return store
    near = get_close_matches(store, names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
    raise Mistake(f"no store {store!r}: {hint} (a folder has a slash: ./{store})")
