"""The rows of minipilot; their types are in minipilot.pyi."""

from . import rows

globals().update(rows(__name__))
