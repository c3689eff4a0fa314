"""The rows of a store's tables, whichever the dialect: read in one snapshot, loaded at once."""

from __future__ import annotations

from .load import Load
from .model import Column, Digest, Reference, Table
from .snapshot import Snapshot

__all__ = ["Column", "Digest", "Load", "Reference", "Snapshot", "Table"]
