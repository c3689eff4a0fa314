"""A folder of migration files, read once: what is linted, hashed and shown is one text."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rawstore.errors import MigrationError
from rawstore.migrate.statements import Statement, split
from rawstore.scan import Dialect, ScanError

NAME = re.compile(r"(?P<number>\d{4})_[a-z0-9_]+")
ROLLBACK = ".rollback.sql"
DIRECTIVE = re.compile(r"^\s*--\s*(transactional|depends)\s*:(.*)$", re.I)

_UP = """\
-- {sentence}: say here why, if the statement does not.
{depends}--
-- One change a file; it runs in one transaction, so no BEGIN or COMMIT. An index on a filled
-- PostgreSQL table is built by CREATE INDEX CONCURRENTLY, alone in its file, under the header
-- "transactional: false" and without a rollback file. Nothing to do in this dialect: say so here.

"""
_DOWN = """\
-- Undo {id}, its last step first.
-- If there is no way back, leave a comment alone that says why: a rollback is refused with it.

"""


@dataclass(frozen=True, slots=True)
class MigrationFile:
    """One migration; texts have unix line ends, `rollback` is None without a rollback file."""

    id: str
    path: Path
    text: str
    rollback: str | None

    @property
    def sha256(self) -> str:
        """Checksum of the text, the same whatever line ends a checkout has."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def rollback_path(self) -> Path:
        """Where its rollback file is, or would be."""
        return self.path.with_name(self.id + ROLLBACK)

    @property
    def transactional(self) -> bool:
        """False under the header `-- transactional: false`."""
        return self.directives.get("transactional") != "false"

    @property
    def directives(self) -> dict[str, str]:
        """What the header says, as yoyo reads it: comment lines before the first statement."""
        found: dict[str, str] = {}
        for line in self.text.splitlines():
            if line.strip() and not line.lstrip().startswith("--"):
                break
            if match := DIRECTIVE.match(line):
                found[match[1]] = " ".join(filter(None, (found.get(match[1]), match[2].strip())))
        return found

    def statements(self, dialect: Dialect) -> list[Statement]:
        """Return its statements; none where the text cannot be scanned (the lint says so)."""
        return _split(self.text, dialect)

    def irreversible(self, dialect: Dialect) -> str | None:
        """Return why it cannot be rolled back, None if it can."""
        if self.rollback is None:
            return f"there is no {self.rollback_path.name}"
        if _split(self.rollback, dialect) or not self.statements(dialect):
            return None
        lines = (line.strip().lstrip("-/* ").rstrip("*/ ") for line in self.rollback.splitlines())
        return " ".join(filter(None, lines)) or f"{self.rollback_path.name} is empty"


def _split(text: str, dialect: Dialect) -> list[Statement]:
    try:
        return split(text, dialect)
    except ScanError:
        return []


def read_folder(folder: Path) -> list[MigrationFile]:
    """Return the folder's migrations by name; MigrationError if absent, empty or unreadable."""
    if not folder.is_dir():
        raise MigrationError(f"{folder}: there is no such folder of migrations")
    files = [_read(path) for path in sql_files(folder)]
    if not files:
        raise MigrationError(f"{folder}: the folder holds no migrations (NNNN_verb_object.sql)")
    return files


def sql_files(folder: Path) -> list[Path]:
    """Return the paths of the folder's migrations, by name, rollback files left out."""
    paths = folder.glob("*.sql") if folder.is_dir() else ()
    return sorted(path for path in paths if not path.name.endswith(ROLLBACK))


def _read(path: Path) -> MigrationFile:
    rollback = path.with_name(path.stem + ROLLBACK)
    return MigrationFile(
        path.stem, path, _text(path), _text(rollback) if rollback.exists() else None
    )


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode().replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise MigrationError(f"{path}: the file is not UTF-8 text: save it as UTF-8") from None
    except OSError as error:
        raise MigrationError(f"{path}: cannot be read: {error.strerror}") from error


def new(folders: Sequence[Path], title: str) -> list[Path]:
    """Create the next migration and its rollback file in every folder; return the paths.

    The number is one more than the highest in any of them, so that twins stay twins. The title
    may have spaces and hyphens; MigrationError if it has anything else but letters and digits.
    """
    words = re.sub(r"[\s_-]+", "_", title.strip().lower()).strip("_")
    if not re.fullmatch(r"[a-z0-9_]*[a-z][a-z0-9_]*", words) or not folders:
        raise MigrationError(
            "a migration's title is a verb and an object, such as 'create users': "
            "letters, digits, spaces, hyphens"
        )
    numbers = [
        int(path.name[:4]) for f in folders for path in sql_files(f) if NAME.match(path.stem)
    ]
    number = max(numbers, default=0) + 1
    if number > 9999:
        raise MigrationError("the numbers end at 9999")
    return [path for folder in folders for path in _write(folder, f"{number:04}_{words}", words)]


def _write(folder: Path, migration_id: str, words: str) -> list[Path]:
    before = sql_files(folder)
    depends = f"-- depends: {before[-1].stem}\n" if before else ""
    sentence = words.replace("_", " ").capitalize()
    texts = {
        folder / f"{migration_id}.sql": _UP.format(sentence=sentence, depends=depends),
        folder / f"{migration_id}{ROLLBACK}": _DOWN.format(id=migration_id),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in texts.items():
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    return list(texts)
