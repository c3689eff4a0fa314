"""The command line. click and rich are imported nowhere else."""

from .commands import main

__all__ = ["main"]
