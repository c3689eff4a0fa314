"""Cost against growth: every query of a store, timed while its tables get larger."""

from .kinds import LIMIT, kind_of, reason
from .result import Result, compare

__all__ = ["LIMIT", "Result", "compare", "kind_of", "reason"]
