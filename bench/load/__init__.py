"""Volumes for plans and timings: each store's tables filled fast, alike on both dialects."""

from .volumes import VOLUMES
from .write import load

__all__ = ["VOLUMES", "load"]
