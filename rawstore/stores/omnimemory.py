"""The rows of omnimemory; their types are in omnimemory.pyi."""

from . import rows

globals().update(rows(__name__))
