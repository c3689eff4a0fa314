"""Checking a store against real databases: what its files declare, and what the databases say."""

from .findings import RULES, Finding
from .run import check, relative

__all__ = ["RULES", "Finding", "check", "relative"]
