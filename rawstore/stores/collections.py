"""The rows of collections; their types are in collections.pyi."""

from . import rows

globals().update(rows(__name__))
