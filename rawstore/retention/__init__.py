"""What goes with time, and what goes with a person: prune, erase, export_subject."""

from __future__ import annotations

from .cutoff import moment
from .erasing import Erased, erase
from .exporting import SubjectExport, export_subject
from .pruning import Pruned, prune

__all__ = ["Erased", "Pruned", "SubjectExport", "erase", "export_subject", "moment", "prune"]
