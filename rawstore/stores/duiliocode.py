"""The rows of duiliocode; their types are in duiliocode.pyi."""

from . import rows

globals().update(rows(__name__))
