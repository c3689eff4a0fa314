"""Whether a store can be worked with: does its database answer, and is its schema in order."""

from .examiner import check
from .verdict import Health, Problem
from .waiting import Until, wait

__all__ = ["Health", "Problem", "Until", "check", "wait"]
