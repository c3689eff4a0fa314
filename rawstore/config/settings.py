"""The environment, and a `.env` in the working folder behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ..errors import ConfigError


class Settings:
    """Variables by name. One that is empty is not set; `.env` never overrides the environment."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Read `.env`, if there is one. Raises ConfigError."""
        self._sources = [("", environ), (" in .env", _dotenv(Path(".env")))]

    def get(self, name: str | None) -> str | None:
        """Return a variable's value; None where it is not set."""
        return next((value for value, _ in self._found(name)), None)

    def given(self, *names: str | None) -> tuple[str, ...]:
        """Return those of the names that are set."""
        return tuple(name for name in names if name and self.get(name) is not None)

    def said_by(self, *names: str) -> str:
        """Return in words where these variables are set."""
        found = [f"{name}{where}" for name in names for _, where in list(self._found(name))[:1]]
        return ", ".join(found)

    def _found(self, name: str | None) -> Iterator[tuple[str, str]]:
        for where, values in self._sources if name else ():
            value = values.get(name or "")
            if value and value.strip():
                yield value, where


def _dotenv(file: Path) -> Mapping[str, str]:
    if not file.is_file():
        return {}
    from dotenv import dotenv_values

    try:
        read = dotenv_values(file, encoding="utf-8")
    except (OSError, UnicodeError) as error:
        problem = type(error).__name__
    else:
        return {name: value for name, value in read.items() if value is not None}
    # Outside the handler: a UnicodeError carries the file's text.
    raise ConfigError(f".env cannot be read as UTF-8 text ({problem})")
