"""What is wrong with migration files, found without a database.

Every rule stands for a failure that was seen: a file that yoyo cuts in the wrong places, a header
it silently ignores, a statement that ends the transaction around it, an undo that drops a table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rawstore.errors import MigrationError
from rawstore.migrate.backend import split as yoyo_split
from rawstore.migrate.folder import DIRECTIVE, NAME, ROLLBACK, MigrationFile
from rawstore.migrate.statements import (
    COMMENTS,
    Statement,
    built_concurrently,
    dropped_concurrently,
    may_exist,
    split,
)
from rawstore.scan import Dialect, ScanError, scan

ADVICE = frozenset(("rollback-missing", "rollback-alone"))
TRANSACTION_CONTROL = frozenset(
    ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "END", "START", "ABORT", "PREPARE")
)
BUILDERS = frozenset(("CREATE", "DROP", "REINDEX"))


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing to mend. `rule` is its short name; rules in `ADVICE` do not stop a run."""

    file: Path
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        """As a compiler would print it."""
        return f"{self.file}:{self.line}: {self.message} [{self.rule}]"


def check(folder: Path, files: Sequence[MigrationFile], dialect: Dialect) -> list[Finding]:
    """Return everything that is wrong with the folder and its files, in the order of the files."""
    found = [*_names(folder, files), *_depends(files)]
    for file in files:
        for rule in _FILE_RULES:
            found.extend(rule(file, dialect))
        for path, text in _texts(file):
            found.extend(_text_findings(path, text, dialect))
    return sorted(found)


def refuse(findings: Sequence[Finding]) -> None:
    """Raise MigrationError if files would be run wrongly; mere advice passes."""
    if grave := [str(finding) for finding in findings if finding.rule not in ADVICE]:
        raise MigrationError("the migrations were not run:\n" + "\n".join(grave))


def _names(folder: Path, files: Sequence[MigrationFile]) -> Iterator[Finding]:
    numbers: dict[str, Path] = {}
    for file in files:
        if not NAME.fullmatch(file.id):
            yield Finding(file.path, 1, "name", "a migration is called NNNN_verb_object.sql")
        elif other := numbers.get(file.id[:4]):
            message = f"{other.name} has the same number: give this one the next free number"
            yield Finding(file.path, 1, "number", message)
        numbers.setdefault(file.id[:4], file.path)
    for path in sorted(folder.glob("*.py")):
        yield Finding(path, 1, "name", "yoyo would run this as a migration: only SQL files go here")
    ids = {file.id for file in files}
    for path in sorted(folder.glob(f"*{ROLLBACK}")):
        if path.name.removesuffix(ROLLBACK) not in ids:
            yield Finding(path, 1, "rollback-alone", "there is no migration of this name")


def _depends(files: Sequence[MigrationFile]) -> Iterator[Finding]:
    earlier: set[str] = set()
    for file in files:
        for name in file.directives.get("depends", "").split():
            if name not in earlier:
                message = f"depends on {name}, which is no earlier migration of this folder"
                yield Finding(file.path, 1, "depends", message)
        earlier.add(file.id)


def _texts(file: MigrationFile) -> Iterator[tuple[Path, str]]:
    yield file.path, file.text
    if file.rollback is not None:
        yield file.rollback_path, file.rollback


def _header(file: MigrationFile, _: Dialect) -> Iterator[Finding]:
    for path, text in _texts(file):
        in_header, seen = path == file.path, set[str]()
        for number, line in enumerate(text.splitlines(), 1):
            in_header = in_header and (not line.strip() or line.lstrip().startswith("--"))
            match = DIRECTIVE.match(line)
            if match and (
                problem := _directive_problem(match[1], match[2], seen, in_header=in_header)
            ):
                yield Finding(path, number, "header", problem)


def _directive_problem(key: str, value: str, seen: set[str], *, in_header: bool) -> str | None:
    if not in_header:
        return "a header is read only in -- lines above the first statement of a migration"
    if key != key.lower():
        return f"yoyo ignores `-- {key}:`: write `-- {key.lower()}:`"
    if key == "transactional" and (value.removeprefix(" ") not in ("true", "false") or key in seen):
        return "write `-- transactional: false` (or true), once, with nothing after it"
    seen.add(key)
    return None


def _alone(file: MigrationFile, dialect: Dialect) -> Iterator[Finding]:
    """A file without a transaction cannot be undone: one statement that may run again."""
    if file.transactional:
        return
    if file.rollback is not None:
        message = (
            "a file with `-- transactional: false` has no rollback file: when its statement fails, "
            "stock yoyo would run that at once, on what was there before"
        )
        yield Finding(file.rollback_path, 1, "rollback-beside", message)
    statements = file.statements(dialect)
    if len(statements) == 2:
        dropped, built = dropped_concurrently(statements[0]), built_concurrently(statements[1])
        if dropped and built and dropped.name == built.name:
            return
    if len(statements) != 1:
        message = (
            "a file with `-- transactional: false` holds one statement (before it at most "
            "DROP INDEX CONCURRENTLY IF EXISTS of the same index)"
        )
        yield Finding(file.path, 1, "one-statement", message)
    elif "CONCURRENTLY" in statements[0].words[:4] and statements[0].words[0] == "CREATE":
        yield from _build(file, statements[0])


def _build(file: MigrationFile, statement: Statement) -> Iterator[Finding]:
    """A run that is killed between the build and the mark is repeated: the build must allow it."""
    if built_concurrently(statement) is None:
        yield Finding(file.path, statement.line, "index-name", "give the index a name")
    elif not may_exist(statement):
        message = "write CREATE INDEX CONCURRENTLY IF NOT EXISTS, so that it may be run again"
        yield Finding(file.path, statement.line, "idempotent", message)


def _together(file: MigrationFile, dialect: Dialect) -> Iterator[Finding]:
    if not file.transactional:
        return
    statements = file.statements(dialect)
    for statement in statements:
        words = statement.words or ("",)
        if dialect == "postgres" and words[0] in BUILDERS and "CONCURRENTLY" in words[:5]:
            message = "CONCURRENTLY needs a file of its own, under `-- transactional: false`"
            yield Finding(file.path, statement.line, "concurrently", message)
    if file.rollback is None and statements:
        message = f"there is no {file.rollback_path.name}: `down` will be refused here"
        yield Finding(file.path, 1, "rollback-missing", message)


_FILE_RULES: tuple[Callable[[MigrationFile, Dialect], Iterator[Finding]], ...] = (
    _header,
    _alone,
    _together,
)


def _text_findings(path: Path, text: str, dialect: Dialect) -> Iterator[Finding]:
    if text.startswith("\ufeff"):
        yield Finding(path, 1, "encoding", "save the file as UTF-8 without a byte order mark")
        return
    if "\0" in text:
        yield Finding(path, 1, "encoding", "the file holds a NUL character")
        return
    try:
        statements = split(text, dialect)
    except ScanError as error:
        yield Finding(path, text.count("\n", 0, error.start) + 1, "split", str(error))
        return
    found = [finding for s in statements for finding in _statement(path, s)]
    yield from found
    if not found and _pieces(text, dialect) != [[t.text for t in s.tokens] for s in statements]:
        message = (
            "yoyo does not cut this file into the statements it holds: avoid '\\' at the end of a "
            "string, nested comments, the operator #, empty statements, and columns called begin, "
            "declare, if, for or case (quote them)"
        )
        yield Finding(path, 1, "split", message)


def _statement(path: Path, statement: Statement) -> Iterator[Finding]:
    words, line = statement.words or ("",), statement.line
    if words[0] in TRANSACTION_CONTROL:
        message = f"{words[0]} would end or break the transaction around the file: leave it out"
        yield Finding(path, line, "transaction-control", message)
    elif words[0] == "PRAGMA":
        message = "a PRAGMA in a transaction fails or does nothing: set it when connecting"
        yield Finding(path, line, "pragma", message)
    elif words[0] == "COPY" and "STDIN" in words:
        yield Finding(path, line, "copy", "COPY … FROM STDIN works in psql only: use INSERT")


def _pieces(text: str, dialect: Dialect) -> list[list[str]] | None:
    """Return what yoyo would run, as tokens; None if a piece is no whole text."""
    pieces: list[list[str]] = []
    try:
        for piece in yoyo_split(text):
            tokens = [t.text for t in scan(piece, dialect) if t.kind not in COMMENTS]
            if tokens:
                pieces.append(tokens[:-1] if tokens[-1] == ";" else tokens)
    except ScanError:
        return None
    return pieces
