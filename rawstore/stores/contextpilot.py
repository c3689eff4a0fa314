"""The rows of contextpilot; their types are in contextpilot.pyi."""

from . import rows

globals().update(rows(__name__))
