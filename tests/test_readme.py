"""Every block of code in README.md is run, in order, in one folder; on SQLite and on PostgreSQL.

- `python` blocks share their names; a line `expression   # → value` is compared with the repr.
- `sql` blocks are parsed as query files, or checked as migrations; one whose first line is a path
  in a comment is that file.
- `console` blocks are run line by line, and `…` in their output stands for anything.
- `sh` blocks are run; of `make`, `pip` and `python -m` only what they name is looked up.

On PostgreSQL each `sqlite:///name.db` is a database of its own there.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from click.testing import CliRunner

import rawstore
from bench.__main__ import main as bench
from bench.growth.__main__ import main as growth
from rawstore.migrate import lint
from rawstore.migrate.folder import MigrationFile
from rawstore.parse import parse
from tests.postgres import Remote
from tests.urls import with_options

Dialect = Literal["sqlite", "postgres"]

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DIALECTS: tuple[Dialect, ...] = ("sqlite", "postgres")
LANGUAGES = ("console", "python", "sh", "sql", "text")
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_VALUE = re.compile(r"^( *)(.+?) +# → (.+)$", re.MULTILINE)
_FILE_URL = re.compile(r"sqlite:///(\w+\.db)")
_SERVER_URL = re.compile(
    r"'?postgresql(?P<driver>\+psycopg)?://localhost/(?P<name>\w+)\??(?P<options>[\w=&]*)'?"
)


@dataclass(frozen=True)
class Block:
    language: str
    text: str
    line: int

    def __str__(self) -> str:
        return f"README.md:{self.line}"


def blocks() -> list[Block]:
    text = README.read_text(encoding="utf-8")
    return [
        Block(match[1], match[2], text.count("\n", 0, match.start(2)) + 1)
        for match in _BLOCK.finditer(text)
    ]


def of(language: str) -> list[Block]:
    return [block for block in blocks() if block.language == language]


def path_of(block: Block) -> Path | None:
    match = re.match(r"-- (\S+/\S+\.sql)\n", block.text)
    return Path(match[1]) if match else None


@dataclass
class Reader:
    """Somebody who follows the page from top to bottom, in `folder`."""

    folder: Path
    dialect: Dialect
    create_database: Callable[[], str]
    psql: Path | None
    names: dict[str, Any] = field(default_factory=dict)
    databases: dict[str, str] = field(default_factory=dict)

    def follow(self, block: Block) -> None:
        match block.language:
            case "python":
                self.python(block)
            case "sql":
                self.sql(block)
            case "console":
                self.console(block)
            case "sh":
                self.shell(block)

    def python(self, block: Block) -> None:
        source = _VALUE.sub(_compared, self.at_home(block.text))
        code = compile("\n" * (block.line - 1) + source, str(README), "exec")
        exec(code, self.names)  # noqa: S102 - our own page

    def sql(self, block: Block) -> None:
        if path := path_of(block):
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_text(block.text, encoding="utf-8")

    def console(self, block: Block) -> None:
        for command, expected in dialogue(block.text):
            done = self.run(self.at_home(command, shlex.quote))
            assert re.fullmatch(loosely(expected), done.stdout), f"{block}: {done.stdout}"

    def shell(self, block: Block) -> None:
        for line in block.text.splitlines():
            if not line.startswith(("make ", "pip ", "python ")) and self.can_run(line):
                done = self.run(self.at_home(line, shlex.quote))
                assert done.returncode == 0, f"{block}: {done.stdout}"

    def can_run(self, line: str) -> bool:
        """PostgreSQL's own lines need its server, and psql."""
        on_server = _SERVER_URL.search(line) is not None
        return not on_server or (self.dialect == "postgres" and self.psql is not None)

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", command],
            check=False,
            cwd=self.folder,
            encoding="utf-8",
            env={**os.environ, "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}"},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            stdout=subprocess.PIPE,
            timeout=60,
        )

    def at_home(self, text: str, quote: Callable[[str], str] = str) -> str:
        """The text, with URLs of this reader's own databases, quoted as its language wants it."""
        if self.dialect == "sqlite":
            return text
        text = _SERVER_URL.sub(lambda match: quote(self.server_url(match)), text)
        return _FILE_URL.sub(lambda match: quote(self.database(match[1])), text)

    def server_url(self, match: re.Match[str]) -> str:
        """The page's URL of a server, with this reader's database, and its driver and options."""
        url = self.database(f"{match['name']} of stock yoyo")
        options = dict(option.split("=") for option in match["options"].split("&") if option)
        return with_options(url, **options).replace("://", f"{match['driver'] or ''}://", 1)

    def database(self, name: str) -> str:
        if name not in self.databases:
            self.databases[name] = self.create_database()
        return self.databases[name]


def _compared(line: re.Match[str]) -> str:
    indent, expression, expected = line.groups()
    return f"{indent}assert repr(({expression})) == {expected!r}, repr(({expression}))"


def dialogue(text: str) -> Iterator[tuple[str, str]]:
    """Each command of a console block, with its output."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def loosely(expected: str) -> str:
    """A pattern for output in which `…` is anything, and at a line's end all that follows."""
    return re.escape(expected).replace("…", "(?s:.*?)")


@pytest.fixture
def reader(
    request: pytest.FixtureRequest,
    dialect: Dialect,
    tmp_path: Path,
    pg_database: Callable[[str | None], str],
    monkeypatch: pytest.MonkeyPatch,
) -> Reader:
    """A reader in a folder that has the checkout's SQL, and the commands the page names."""
    for name in [name for name in os.environ if name.startswith(("DB_", "DATABASE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "migrations").symlink_to(ROOT / "migrations")
    psql: Path | None = None
    if dialect == "postgres":
        server: Remote = request.getfixturevalue("pg")
        found = getattr(server, "psql", None) or shutil.which("psql")
        psql = Path(found) if found else None
    programs = {"rawstore": "-m rawstore", "yoyo": "-m yoyo"}
    write_programs(tmp_path / "bin", programs, psql)
    return Reader(tmp_path, dialect, lambda: pg_database(None), psql)


def write_programs(folder: Path, programs: dict[str, str], psql: Path | None) -> None:
    folder.mkdir()
    for name, arguments in programs.items():
        command = f'exec {shlex.quote(sys.executable)} {arguments} "$@"'
        (folder / name).write_text(f"#!/bin/sh\n{command}\n")
        (folder / name).chmod(0o755)
    if psql:
        (folder / "psql").symlink_to(psql)


def test_following_the_page_works(reader: Reader) -> None:
    try:
        for block in blocks():
            reader.follow(block)
    finally:
        for value in reader.names.values():
            if isinstance(value, rawstore.Store):
                value.close()


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("block", of("sql"), ids=str)
def test_sql_is_right_in_both_dialects(block: Block, dialect: Dialect) -> None:
    path = path_of(block) or Path("queries.sql")
    if "migrations" in path.parts:
        name = path.name.removesuffix(".sql").removesuffix(".rollback")
        file = MigrationFile(name, path, block.text, "DROP TABLE products;")
        assert lint.check(path.parent, [file], dialect) == []
        assert file.statements(dialect)
    else:
        assert parse(block.text, path, dialect, "shop")


def test_each_block_says_what_it_is() -> None:
    assert {block.language for block in blocks()} == set(LANGUAGES)


def commands(program: str) -> list[Sequence[str]]:
    lines = [line for block in of("sh") for line in block.text.splitlines()]
    return [shlex.split(line, comments=True) for line in lines if line.startswith(f"{program} ")]


def test_the_targets_of_make_exist() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = [words[1] for words in commands("make")]
    assert "demo" in named
    assert set(named) <= set(targets)


def test_what_pip_installs_exists() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for _, install, what in commands("pip"):
        path, _, extra = what.partition("[")
        assert (install, path) == ("install", ".")
        assert not extra or extra.rstrip("]") in project["optional-dependencies"]


def test_the_bench_takes_what_the_page_gives() -> None:
    programs = {"bench": bench, "bench.growth": growth}
    named = commands("python")
    assert len(named) >= len(programs)
    for _, _, module, *arguments in named:
        done = CliRunner().invoke(programs[module], [*arguments, "--help"])
        assert done.exit_code == 0, done.output


def test_the_exit_codes_are_those_of_the_command_line() -> None:
    from rawstore.cli.errors import EXIT_CODES

    table = re.findall(r"^\| (\d[\d, ]*) \| (.+) \|$", README.read_text("utf-8"), re.MULTILINE)
    told = re.findall(r"^  (\d[\d, ]*?) +(\D.*)$", EXIT_CODES, re.MULTILINE)
    assert [(code, text.replace("`", "")) for code, text in table] == told


def test_the_tree_of_errors_is_complete() -> None:
    from rawstore import errors

    (tree,) = (block.text for block in of("text") if "RawstoreError\n" in block.text)
    drawn = set(re.findall(r"^[├└│─ ]*([A-Z]\w+)", tree, re.MULTILINE))
    defined = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.RawstoreError)
    }
    assert drawn == defined


def test_links_lead_to_files_that_exist() -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", README.read_text("utf-8"))
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []
