"""Upkeep of vector indexes: what they find, building them anew, tuning their searches."""

from .facts import Rebuilt, Tuned, VectorIndex
from .tool import Vectors

__all__ = ["Rebuilt", "Tuned", "VectorIndex", "Vectors"]
