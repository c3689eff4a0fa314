"""The rows of the shipped stores, to import and to annotate with: `rawstore.stores.minipilot.User`.

The types are in the stub files beside the modules, which `rawstore stubs` writes.
"""

from __future__ import annotations

from typing import Any

from ..source import find


def rows(module: str) -> dict[str, type[tuple[Any, ...]]]:
    """The row classes of the store that a module of this package is named after, by name."""
    registry = find(module.rpartition(".")[2]).load("sqlite")
    return {name: row.cls for name, row in registry.rows.items()}
