"""Database URLs, taken apart and put together."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode, urlsplit


def sqlite_url(path: Path) -> str:
    """Return the URL of an SQLite file."""
    return f"sqlite:///{path}"


def with_options(url: str, **options: object) -> str:
    """Return the URL with these options added."""
    query = "&".join(part for part in (urlsplit(url).query, urlencode(options)) if part)
    return f"{url.partition('?')[0]}?{query}" if query else url


def database_name(url: str) -> str:
    """Return the name of the database to which a PostgreSQL URL leads."""
    return urlsplit(url).path.removeprefix("/")
