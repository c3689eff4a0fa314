"""Statements before SQLite: compiled, described, and read as far as this project's reader goes."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..query import Param, Variant
from ..source import Source
from ..target import SqliteTarget
from ..types import Type
from .algebra import Argument, Call, Expression, FirstOf, Query, Ref, blocks
from .engine import Description, Refused
from .findings import Finding
from .migrated import migrate
from .sqlite_catalog import read_catalog
from .sqlite_reader import StatementReader
from .sqlite_tokens import Unreadable
from .types import reads_stored, stores_in

_ABOUT = re.compile(r'near "(.*)": syntax error|no such (?:column|table|function): (\S+)')
_COMPARISONS = ("=", "<>", "<", "<=", ">", ">=", "is", "is not")


@contextmanager
def scratch(source: Source) -> Iterator[SqliteEngine | list[Finding]]:
    """A database in memory with the store's migrations run; or why they do not run."""
    from ..engines.sqlite import SqliteEngine as Connector

    target = SqliteTarget(None)
    connection = Connector(target, create=True).connect()
    try:
        problems = migrate(source, target, connection)
        yield problems or SqliteEngine(connection)
    finally:
        connection.close()


class SqliteEngine:
    """The connection to the scratch database."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.catalog = read_catalog(connection)

    def describe(self, variant: Variant) -> Description:
        """Compile a statement. Raises Refused."""
        self._explain(variant)
        params = [variant.query.params[number] for number in variant.order]
        nullable = [param.nullable and param.name not in variant.conditions for param in params]
        try:
            statement = StatementReader(variant.text, self.catalog.tables, nullable).statement()
        except (Unreadable, LookupError, ValueError) as error:
            return Description(self._columns(variant), reason=str(error) or "cannot be followed")
        names = [output.name for output in statement.outputs]
        if statement.verb in ("select", "values"):
            names = [name for name, _ in self._columns(variant)]
        if len(names) != len(statement.outputs):
            return Description(self._columns(variant), reason="cannot be followed")
        stored = [stored_in(output.value) for output in statement.outputs]
        columns = tuple(zip(names, stored, strict=True))
        return Description(columns, _parameters(statement, len(params)), statement)

    def _columns(self, variant: Variant) -> tuple[tuple[str, str], ...]:
        """The columns of a SELECT, which sqlite3 tells only of a statement that runs."""
        try:
            inner = variant.text.rstrip("; \n")
            cursor = self._execute(variant, f"SELECT * FROM ({inner}) LIMIT 0")  # noqa: S608
        except sqlite3.Error:  # of the sample values
            return ()
        return tuple((column[0], "") for column in cursor.description or ())

    def _explain(self, variant: Variant) -> None:
        try:
            self._execute(variant, f"EXPLAIN {variant.text}").fetchall()
        except sqlite3.Error as error:
            raise self._refused(variant, str(error)) from None

    def _execute(self, variant: Variant, text: str) -> sqlite3.Cursor:
        params = [variant.query.params[number] for number in variant.order]
        return self._connection.execute(text, [_sample(param) for param in params])

    def _refused(self, variant: Variant, message: str) -> Refused:
        match = _ABOUT.search(message)
        if match is None:
            return Refused(message)
        word = match[1] or match[2].rpartition(".")[2]
        nth = 0
        if match[1]:  # the word may stand in the statement before, too
            nth = self._nth_place(variant, word, message)
        return Refused(message, word=word, nth=nth)

    def _nth_place(self, variant: Variant, word: str, message: str) -> int:
        """At which of its places the word is in the way: the first where the text may not end."""
        places = re.finditer(rf"(?<!\w){re.escape(word)}(?!\w)", variant.text)
        for nth, place in enumerate(places):
            try:
                self._connection.execute(f"EXPLAIN {variant.text[: place.end()]}").close()
            except sqlite3.Error as error:
                if str(error) == message:
                    return nth
        return 0

    def run_script(self, variant: Variant) -> None:
        """Run a :script and take it back. Raises Refused."""
        from ..engines.sqlite_statement import Statement

        self._connection.execute("BEGIN")
        try:
            for text in Statement(variant).statements:
                self._connection.execute(text)
        except sqlite3.Error as error:
            raise self._refused(variant, str(error)) from None
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def takes(self, param: Param, server: Any) -> bool:
        """Whether every column that a parameter meets stores what it is declared as."""
        declared = Type("json") if param.row else param.type
        return all(stores_in(declared, each) for each in server)

    def gives(self, declared: Type, server: Any) -> bool:
        """Whether a column of this type can be read as it is declared."""
        return reads_stored(declared, server)

    def type_name(self, server: Any) -> str:
        """A type as SQLite calls it."""
        return server if isinstance(server, str) else " and ".join(sorted(server))


def _sample(param: Param) -> object:
    """A value that no function minds."""
    if param.bound:
        return 0
    if param.row is not None or param.type.array:
        return "[]"
    samples = {"int": 0, "smallint": 0, "bigint": 0, "bool": 0, "float": 0.0, "json": "{}"}
    return samples.get(param.type.name, "")


def stored_in(value: Expression) -> str:
    """The type of the table's column that an expression is; "" for any other expression."""
    if not isinstance(value, Ref):
        return ""
    source = value.source
    if source.table is not None:
        column = source.table.columns.get(str(value.key))
        return column.type if column else ""
    if source.query is not None and isinstance(value.key, int) and not source.query.union:
        return stored_in(source.query.outputs[value.key].value)
    return ""


def _parameters(statement: Query, count: int) -> tuple[frozenset[str], ...]:
    """The types of the columns that each placeholder is compared with or written to."""
    met: list[set[str]] = [set() for _ in range(count)]
    for value, stored in _meetings(statement):
        parts = value.args if isinstance(value, FirstOf) else (value,)
        for part in parts:
            if isinstance(part, Argument) and stored:
                met[part.number].add(stored)
    return tuple(map(frozenset, met))


def _meetings(statement: Query) -> Iterator[tuple[Expression, str]]:
    """Every value that meets a column, with the column's type."""
    for block in blocks(statement):
        table = block.target.table if block.target else None
        for name, value in block.assigned:
            if table and name in table.columns:
                yield value, table.columns[name].type
        for condition in (*block.conditions, *block.outer):
            if isinstance(condition, Call) and condition.name in _COMPARISONS:
                left, right = condition.args
                yield left, stored_in(right)
                yield right, stored_in(left)
