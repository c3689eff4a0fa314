"""Running a store's migrations on a scratch database."""

from __future__ import annotations

import sqlite3

from ..errors import DatabaseError, MigrationError
from ..migrate import Migrator
from ..source import Source
from ..target import Target
from .findings import Finding


def migrate(
    source: Source, target: Target, connection: sqlite3.Connection | None = None
) -> list[Finding]:
    """Run them all; why they do not run. A store without a folder of them has nothing to run."""
    folder = source.migrations(target.dialect)
    if not folder.is_dir():
        return []
    migrator = Migrator(folder, target, source.name, connection=connection)
    try:
        migrator.up()
    except (MigrationError, DatabaseError) as error:
        message = " ".join(str(error).split())
        return [Finding(folder, 1, "migrations", message)]
    return []
