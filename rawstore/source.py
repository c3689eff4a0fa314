"""Where a store's files lie: the five that ship with the package, or a folder of one's own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from . import registry
from .errors import ConfigError
from .registry import Registry
from .scan import Dialect

_PACKAGE = Path(__file__).parent
# In an installed wheel sql/ and migrations/ lie inside the package, in a checkout beside it.
_SHIPPED = _PACKAGE if (_PACKAGE / "sql").is_dir() else _PACKAGE.parent


class Source(NamedTuple):
    """A store's name (also its schema on PostgreSQL) and the folders of its files."""

    name: str
    root: Path
    shipped: bool

    def sql(self, dialect: Dialect) -> Path:
        """The folder of its query files."""
        folder = self.root / "sql" / dialect
        return folder / self.name if self.shipped else folder

    def migrations(self, dialect: Dialect) -> Path:
        """The folder of its migrations, which need not exist."""
        folder = self.root / "migrations" / dialect
        return folder / self.name if self.shipped else folder

    def load(self, dialect: Dialect) -> Registry:
        """Its queries. Raises QueryFileError, ConfigError."""
        return registry.load(self.sql(dialect), dialect, self.name)


def find(store: str | Path) -> Source:
    """The source of a shipped store (by name) or of a folder that holds `sql/<dialect>/`.

    A folder's store is called as the folder is, made an SQL identifier. Raises ConfigError.
    """
    if isinstance(store, str) and store in shipped():
        return Source(store, _SHIPPED, shipped=True)
    path = Path(store)
    if isinstance(store, str) and not path.is_dir():
        from difflib import get_close_matches  # only a mistake needs it

        near = get_close_matches(store, shipped(), n=1)
        hint = f"did you mean {near[0]}" if near else f"known are {', '.join(shipped())}"
        folder = "or give a folder that holds sql/sqlite/ or sql/postgres/"
        raise ConfigError(f"unknown store {store!r}; {hint}, {folder}")
    if not (path / "sql").is_dir():
        state = "holds no sql/ folder" if path.is_dir() else "is missing"
        raise ConfigError(f"{path} {state}; put queries into its sql/sqlite/ and sql/postgres/")
    return Source(_identifier(path.resolve().name), path.resolve(), shipped=False)


def _identifier(folder: str) -> str:
    """A folder's name as a schema's: PostgreSQL cuts at 63 characters and keeps pg_ for itself."""
    name = re.sub(r"\W+", "_", folder.lower(), flags=re.ASCII).strip("_")
    if not name or name[0].isdigit() or name.startswith("pg_"):
        name = f"store_{name}".rstrip("_")
    return name[:63]


def shipped() -> tuple[str, ...]:
    """The names of the stores that are shipped, in order."""
    folders = (_SHIPPED / "sql" / "sqlite").iterdir()
    return tuple(sorted(folder.name for folder in folders if folder.is_dir()))
