"""Backups of a store: making, listing, checking and restoring them; and rescue without one."""

from __future__ import annotations

from .listing import Listed, backups, prune
from .make import Backup, backup
from .recover import recover
from .recovery import RecoveredTable, Recovery
from .restore import Restored, restore
from .scheduling import Run, schedule

__all__ = [
    "Backup",
    "Listed",
    "RecoveredTable",
    "Recovery",
    "Restored",
    "Run",
    "backup",
    "backups",
    "prune",
    "recover",
    "restore",
    "schedule",
]
