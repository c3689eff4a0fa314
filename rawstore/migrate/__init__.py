"""Migrations: plain SQL files, applied by yoyo under checks and locks of our own."""

from rawstore.migrate.folder import new
from rawstore.migrate.lint import Finding
from rawstore.migrate.migrator import HistoryEntry, Migrator
from rawstore.migrate.plan import MigrationState

__all__ = ["Finding", "HistoryEntry", "MigrationState", "Migrator", "new"]
