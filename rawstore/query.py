"""What a query file declares: Param, Column, Row, Query, Variant. Pure.

None of them changes once it is made. They are written out, not dataclasses, because every start
would pay for what that module imports and compiles: a third of `import rawstore`.
"""

from __future__ import annotations

import json
from collections import namedtuple
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from .jsontext import encode_json
from .scan import Dialect
from .types import ANY, Check, Type, check_for, directed, is_list, nonnegative

if TYPE_CHECKING:
    from .bulk import Bulk


class Kind(StrEnum):
    """What a query gives back."""

    ONE = "one"  # a row or None; a second row is an error
    MANY = "many"  # a list of rows
    SCALAR = "scalar"  # a value or None
    AFFECTED = "affected"  # a count of rows
    EXEC = "exec"  # None
    STREAM = "stream"  # an iterator over a server-side cursor
    BATCH = "batch"  # once per item of an iterable: rows or a count
    SCRIPT = "script"  # several statements, no parameters


class Required:
    """The type of REQUIRED, the default of a parameter that has none."""

    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED = Required()


class Column(NamedTuple):
    """A column of a row."""

    name: str
    type: Type
    nullable: bool = False

    def __str__(self) -> str:
        return f"{self.name} {self.type}{'?' if self.nullable else ''}"


class Row:
    """A declared row. `cls` is its NamedTuple.

    `line` is where its file declares it; rows that differ in nothing else are equal.
    """

    def __init__(self, name: str, columns: tuple[Column, ...], line: int = 0) -> None:
        self.name: Final = name
        self.columns: Final = columns
        self.line: Final = line

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Row):
            return NotImplemented
        return (self.name, self.columns) == (other.name, other.columns)

    def __hash__(self) -> int:
        return hash((self.name, self.columns))

    def __repr__(self) -> str:
        return f"<Row {self}>"

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.columns))})"

    @cached_property
    def cls(self) -> type[tuple[Any, ...]]:
        """The NamedTuple class of this row."""
        return row_class(self.name, tuple(column.name for column in self.columns))

    def check_items(self, value: Any) -> str:
        """A list of dicts (or of this row) as one JSON array with every column in every object.

        Raises ValueError that names the item and the column.
        """
        if not is_list(value):
            raise ValueError(f"expected a list of dicts, got {type(value).__name__}")
        return encode_json([self._item(number, item) for number, item in enumerate(value)])

    def _item(self, number: int, item: Any) -> dict[str, Any]:
        given = item._asdict() if hasattr(item, "_asdict") else item
        if not isinstance(given, Mapping):
            raise ValueError(f"item {number}: expected a dict, got {type(item).__name__}")
        columns = {column.name: column for column in self.columns}
        if unknown := [str(key) for key in given if key not in columns]:
            known = ", ".join(columns)
            raise ValueError(f"item {number}: unknown key {unknown[0]!r}; known are {known}")
        checked: dict[str, Any] = {}
        for column, check in zip(self.columns, self._checks, strict=True):
            value = checked[column.name] = given.get(column.name)
            if value is None:
                if not column.nullable:
                    raise ValueError(f"item {number}: {column.name!r} is required")
                continue
            try:
                accepted = check(value)
            except ValueError as error:
                raise ValueError(f"item {number}: {column.name!r}: {error}") from None
            if column.type.name != "json":  # JSON goes in as it is, once checked
                checked[column.name] = accepted
        return checked

    @cached_property
    def _checks(self) -> tuple[Check, ...]:
        return tuple(check_for(column.type) for column in self.columns)


@cache
def row_class(name: str, fields: tuple[str, ...]) -> type[tuple[Any, ...]]:
    """The NamedTuple class of this name and these fields: one per process, so rows pickle."""

    def reduced(row: tuple[Any, ...]) -> tuple[Any, ...]:
        return _restore, (name, fields, tuple(row))

    made = namedtuple(name, fields, rename=True)  # type: ignore[misc]
    made.__module__ = __name__
    setattr(made, "__reduce__", reduced)  # noqa: B010 - mypy allows no other way
    return made


def _restore(name: str, fields: tuple[str, ...], values: tuple[Any, ...]) -> tuple[Any, ...]:
    return row_class(name, fields)(*values)


class Param:
    """A parameter of a query.

    `bound` is True where it stands behind LIMIT or OFFSET and so may not be negative; `search` is
    True for a vector to search by, which may not be zero; `row` is the declared row of a `Row[]`
    parameter.
    """

    def __init__(
        self,
        name: str,
        type: Type = ANY,
        *,
        nullable: bool = True,
        default: Any = REQUIRED,
        bound: bool = False,
        search: bool = False,
        row: Row | None = None,
    ) -> None:
        self.name: Final = name
        self.type: Final = type
        self.nullable: Final = nullable
        self.default: Final = default
        self.bound: Final = bound
        self.search: Final = search
        self.row: Final = row

    def __repr__(self) -> str:
        return f"<Param {self}>"

    @property
    def required(self) -> bool:
        """Whether a call must give it."""
        return self.default is REQUIRED

    def __str__(self) -> str:
        """As in a header."""
        declared = "" if self.type is ANY else f" {self.type}{'?' if self.nullable else ''}"
        default = "" if self.required else f" = {_literal(self.default)}"
        return f"{self.name}{declared}{default}"

    @cached_property
    def check(self) -> Check:
        """What a value other than None must pass: see `types`."""
        if self.row is not None:
            return self.row.check_items
        check = check_for(self.type)
        if self.bound:
            return lambda value: nonnegative(value, check)
        if self.search:
            return lambda value: directed(check(value))
        return check


def _literal(default: Any) -> str:
    return str(default) if isinstance(default, Decimal) else json.dumps(default, ensure_ascii=False)


class Variant:
    """One static statement of a query.

    `text` is what the database receives; `order` names, by index into the query's parameters, the
    value of each placeholder; `conditions` are the `-- if` parameters that are given here.
    """

    def __init__(
        self, query: Query, text: str, order: tuple[int, ...], conditions: tuple[str, ...]
    ) -> None:
        self.query: Final = query
        self.text: Final = text
        self.order: Final = order
        self.conditions: Final = conditions

    def __repr__(self) -> str:
        return f"<Variant {self.text!r}>"


Piece = tuple[int, str | int]
"""(index into Query.conditional, or -1; literal text, or an index into Query.params)"""


class Query:
    """A named query of one dialect, as its file declares it.

    `reasons` says why a rule of `rawstore check` need not hold: by "order", "all", "tenant" or
    "not null COLUMN"; by "prune", "erase" or "export" what the tool of that name runs the query
    for; by "plan" why `rawstore plans` need not object; by "growth" why it takes
    longer the larger its table is; and by "always" why a `:one` query never gives None, which its
    stub then says.
    """

    def __init__(
        self,
        *,
        store: str,
        name: str,
        kind: Kind,
        dialect: Dialect,
        params: tuple[Param, ...],
        file: Path,
        line: int,
        doc: str,
        pieces: tuple[Piece, ...],
        conditional: tuple[int, ...],
        row: Row | None,
        type: Type | None,
        nullable: bool,
        timeout: float | None,
        read: Literal["replica"] | None,
        reasons: Mapping[str, str],
        writes: bool,
        returns_rows: bool,
    ) -> None:
        self.store: Final = store
        self.name: Final = name
        self.kind: Final = kind
        self.dialect: Final = dialect
        self.params: Final = params
        self.file: Final = file
        self.line: Final = line
        self.doc: Final = doc
        self.pieces: Final = pieces
        self.conditional: Final = conditional
        self.row: Final = row
        self.type: Final = type
        self.nullable: Final = nullable
        self.timeout: Final = timeout
        self.read: Final = read
        self.reasons: Final = reasons
        self.writes: Final = writes
        self.returns_rows: Final = returns_rows

    def __repr__(self) -> str:
        return f"<Query {self.full_name} from {self.file}:{self.line}>"

    @property
    def full_name(self) -> str:
        """`store.name`, as in errors and in the statement's leading comment."""
        return f"{self.store}.{self.name}"

    @property
    def signature(self) -> str:
        """The header without `-- name:`."""
        result = self.row.name if self.row else None
        if self.type is not None:
            result = f"{self.type}{'?' if self.nullable else ''}"
        params = ", ".join(map(str, self.params))
        return f"{self.name}({params}) :{self.kind}{f' {result}' if result else ''}"

    @cached_property
    def variants(self) -> tuple[Variant, ...]:
        """Every statement this query can send, by the bits of which conditions are given."""
        return tuple(self._variant(mask) for mask in range(1 << len(self.conditional)))

    def _variant(self, mask: int) -> Variant:
        kept = [value for cond, value in self.pieces if cond < 0 or mask >> cond & 1]
        used = sorted({value for value in kept if isinstance(value, int)})
        number = {index: n for n, index in enumerate(used, start=1)}
        numbered = self.dialect == "postgres"
        order = used if numbered else [value for value in kept if isinstance(value, int)]
        text = "".join(
            value if isinstance(value, str) else f"${number[value]}" if numbered else "?"
            for value in kept
        ).strip()
        given = (self.params[i].name for n, i in enumerate(self.conditional) if mask >> n & 1)
        comment = "" if self.kind is Kind.SCRIPT else f"/* {self.full_name} */ "
        return Variant(self, comment + text, tuple(order), tuple(given))

    @cached_property
    def bulk(self) -> Bulk | None:
        """The statement by which a `:batch` runs for many items at once, where it has one."""
        from .bulk import bulk_form  # only what is called is rewritten

        return bulk_form(self)
