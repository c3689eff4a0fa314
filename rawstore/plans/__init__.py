"""Query plans, kept as text beside the sources: what each statement does at volume, for review.

`Databases` gives the shapes of all plans of a store on one dialect (scans, indexes, joins, sorts;
no costs, no counts of rows); `verify` holds them against the text that is kept.
"""

from .filled import Databases
from .snapshot import Snapshot, path, render, verify

__all__ = ["Databases", "Snapshot", "path", "render", "verify"]
