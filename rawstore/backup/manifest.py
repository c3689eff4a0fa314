"""What a backup says of itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Literal

from ..errors import ConfigError

FORMAT = 1
_MAJOR = re.compile(r"\S+ ([0-9]{1,4})")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Applied:
    """A migration that was applied; `sha256` is None where stock yoyo did it."""

    id: str
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Contents:
    """A table: how many rows it had, and their order-free hash (that of `rawstore verify`)."""

    name: str
    rows: int
    hash: str


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension of PostgreSQL that the store needs, and the schema it was in."""

    name: str
    version: str
    schema: str


@dataclass(frozen=True, slots=True)
class Payload:
    """The database inside the backup: a member of the archive."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself; `program` made the payload (PostgreSQL), `roles` are in it."""

    rawstore: str
    store: str
    dialect: Literal["sqlite", "postgres"]
    engine: str
    program: str | None
    made_at: datetime
    migrations: tuple[Applied, ...]
    tables: tuple[Contents, ...]
    extensions: tuple[Extension, ...]
    roles: tuple[str, ...]
    payload: Payload
    format: int = FORMAT

    @property
    def rows(self) -> int:
        """How many rows all tables had."""
        return sum(table.rows for table in self.tables)

    @property
    def schema_version(self) -> str | None:
        """The newest migration that was applied."""
        return max((each.id for each in self.migrations), default=None)

    @property
    def engine_major(self) -> int:
        """The major version of the engine, PostgreSQL's for example."""
        return _major(self.engine)

    @property
    def program_major(self) -> int:
        """The major version of the program."""
        return _major(self.program)

    def to_json(self) -> bytes:
        """The manifest as it stands in the archive."""
        facts = asdict(self) | {"made_at": self.made_at.isoformat()}
        return (json.dumps(facts, indent=2, sort_keys=True) + "\n").encode()


def from_json(data: bytes) -> Manifest:
    """The manifest in `data`. ValueError where it is none; ConfigError where it is of the future.

    Only this version's fields are looked at, so that a later one may add some.
    """
    facts = json.loads(data.decode())
    if not isinstance(facts, dict) or type(facts.get("format")) is not int:
        raise ValueError("no manifest")
    if facts["format"] > FORMAT:
        raise ConfigError(
            f"the backup has format {facts['format']}, made by rawstore {facts.get('rawstore')}; "
            f"this version reads formats up to {FORMAT}: restore it with that version or a newer"
        )
    try:
        manifest = Manifest(
            rawstore=_text(facts["rawstore"]),
            store=_text(facts["store"]),
            dialect=_dialect(facts["dialect"]),
            engine=_text(facts["engine"]),
            program=None if facts["program"] is None else _text(facts["program"]),
            made_at=_moment(facts["made_at"]),
            migrations=_each(facts["migrations"], Applied),
            tables=_each(facts["tables"], Contents),
            extensions=_each(facts["extensions"], Extension),
            roles=tuple(_text(role) for role in facts["roles"]),
            payload=_one(facts["payload"], Payload),
            format=facts["format"],
        )
        if manifest.dialect == "postgres":
            _ = manifest.engine_major, manifest.program_major
    except (KeyError, TypeError) as error:
        raise ValueError(f"the manifest lacks {error}") from error
    return manifest


def _major(said: str | None) -> int:
    """The version in `PostgreSQL 18.4` or `pg_dump 18beta1`."""
    match = _MAJOR.match(said or "")
    if not match:
        raise ValueError("no version")
    return int(match[1])


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("text")
    return value


def _dialect(value: Any) -> Literal["sqlite", "postgres"]:
    if value == "sqlite":
        return "sqlite"
    if value == "postgres":
        return "postgres"
    raise ValueError("an unknown dialect")


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment


def _each(values: Any, kind: Callable[..., Any]) -> tuple[Any, ...]:
    if not isinstance(values, list):
        raise TypeError("list")
    return tuple(_one(value, kind) for value in values)


def _one(value: Any, kind: Callable[..., Any]) -> Any:
    """An object of one of the classes above, whose numbers and checksums are what they must be."""
    found = kind(**{field.name: value[field.name] for field in fields(kind)})  # type: ignore[arg-type]
    for field in fields(kind):  # type: ignore[arg-type]
        each = getattr(found, field.name)
        if field.type == "int":
            if type(each) is not int or each < 0:
                raise TypeError(field.name)
        elif each is not None or field.type == "str":
            _text(each)
        if field.name == "sha256" and each is not None and not _SHA256.fullmatch(each):
            raise ValueError("a checksum that is none")
    return found
