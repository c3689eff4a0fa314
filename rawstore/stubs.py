"""Typed stubs from a store's query files: every method, parameter, default, row and doc.

The text is that of a `.pyi` file: rows as NamedTuples, rows that are given as TypedDicts, and the
store's own Store, Session, Transaction and Batch, and those for asyncio. Pure: it reads the
registry and writes nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from textwrap import indent, wrap

from .query import Kind, Param, Query, Row
from .registry import Registry
from .types import Type

_RESULT = {
    "text": "str",
    "smallint": "int",
    "int": "int",
    "bigint": "int",
    "float": "float",
    "bool": "bool",
    "uuid": "UUID",
    "timestamptz": "datetime",
    "date": "date",
    "numeric": "Decimal",
    "bytes": "bytes",
    "json": "Any",
    "vector": "list[float]",
    "any": "Any",
}
# What a parameter takes besides; see `types`.
_GIVEN = _RESULT | {
    "uuid": "UUID | str",
    "numeric": "Decimal | int",
    "bytes": "bytes | bytearray | memoryview",
    "vector": "Iterable[float]",
}
_WIDTH = 88

_HEAD = '''"""The store {store}: its rows, and its queries as methods.

Generated from its query files by `rawstore stubs`; do not edit.
"""
'''
_IMPORTS = (
    ("collections.abc", "Awaitable Callable Iterable Mapping Sequence"),
    ("contextlib", "AbstractAsyncContextManager AbstractContextManager"),
    ("datetime", "date datetime"),
    ("decimal", "Decimal"),
    ("typing", "Any NamedTuple NotRequired TypedDict TypeVar"),
    ("uuid", "UUID"),
    ("rawstore", "aio batch session store transaction"),
    ("rawstore.aio", "AsyncStream"),
    ("rawstore.batch", "Result"),
    ("rawstore.stream", "Stream"),
)

_BATCH = """    def batch(self) -> {manager}[Batch]: ...
"""
_SESSION = """    def session(self) -> {manager}[{a}Session]: ...
"""
_BLOCKS = (
    """    def transaction(
        self, isolation: str | None = None, *, read_only: bool = False
    ) -> {manager}[{a}Transaction]: ...
"""
    + _BATCH
    + """    {define} run(
        self,
        function: Callable[[{a}Transaction], {answer}],
        *,
        retries: int = 10,
        isolation: str | None = None,
        read_only: bool = False,
    ) -> _Answer: ...
"""
)
_CLASSES = (
    ("Transaction", "transaction", _BATCH),
    ("Session", "session", _BLOCKS),
    ("Store", "store", _BLOCKS + _SESSION),
)
_SYNC = {"a": "", "define": "def", "manager": "AbstractContextManager", "answer": "_Answer"}
_ASYNC = {
    "a": "Async",
    "define": "async def",
    "manager": "AbstractAsyncContextManager",
    "answer": "Awaitable[_Answer]",
}


def stub(registry: Registry) -> str:
    """The text of the store's stub file."""
    queries = sorted(registry, key=lambda query: query.name)
    given = {row.name: row for query in queries for row in _given_rows(query)}
    rows = {row.name: row for row in registry.rows.values() if row.name not in given}
    parts = ['_Answer = TypeVar("_Answer")\n']
    parts += [_named_tuple(rows[name]) for name in sorted(rows)]
    parts += [_typed_dict(given[name]) for name in sorted(given)]
    batched = (query for query in queries if query.kind not in _NOT_BATCHED)
    results = "".join(_method(query, f"Result[{_result(query)}]") for query in batched)
    parts.append(f"class Batch(batch.Batch):\n{results}")
    for words in (_SYNC, _ASYNC):
        parts += _colour(queries, words)
    body = "\n".join(parts)
    return "\n".join([_HEAD.format(store=registry.store), _imports(body), body])


def _colour(queries: Sequence[Query], words: dict[str, str]) -> Iterator[str]:
    """The classes of one colour: the queries as methods, and what has them."""
    a = words["a"]
    calls = "".join(_method(query, _result(query, a), words["define"]) for query in queries)
    yield f"class _{a}Queries:\n{calls}"
    for name, module, body in _CLASSES:
        base = f"aio.Async{name}" if a else f"{module}.{name}"
        yield f"class {a}{name}(_{a}Queries, {base}):\n{body.format_map(words)}"


def _imports(body: str) -> str:
    """The import lines of the names that the body uses."""
    code = re.sub(r'""".*?"""', "", body, flags=re.DOTALL)
    lines = []
    for module, names in _IMPORTS:
        if used := [name for name in names.split() if re.search(rf"\b{name}\b", code)]:
            blank = "\n" if module == "rawstore" else ""
            lines.append(f"{blank}from {module} import {', '.join(used)}\n")
    return "".join(lines)


_WORD = re.compile(r"[A-Z]+")
_NOT_BATCHED = (Kind.STREAM, Kind.BATCH, Kind.SCRIPT)


def _given_rows(query: Query) -> Iterator[Row]:
    return (param.row for param in query.params if param.row is not None)


def _named_tuple(row: Row) -> str:
    fields = "".join(
        f"    {column.name}: {_optional(_annotation(column.type, _RESULT), column.nullable)}\n"
        for column in row.columns
    )
    return f"class {row.name}(NamedTuple):\n{fields}"


def _typed_dict(row: Row) -> str:
    fields = []
    for column in row.columns:
        kind = _optional(_annotation(column.type, _GIVEN), column.nullable)
        fields.append(f"    {column.name}: {f'NotRequired[{kind}]' if column.nullable else kind}\n")
    return f"class {row.name}(TypedDict):\n{''.join(fields)}"


def _method(query: Query, result: str, define: str = "def") -> str:
    if query.kind is Kind.STREAM:
        define = "def"  # the call itself asks nothing of the database
    parameters = "".join(f"        {parameter},\n" for parameter in _parameters(query))
    head = f"    {define} {query.name}(\n        self,\n{parameters}    ) -> {result}:"
    doc = indent(_doc(query), "        ")
    return f"{head}\n{doc}\n" if doc else f"{head} ...\n"


def _parameters(query: Query) -> Iterator[str]:
    if query.kind is Kind.BATCH:
        yield "items: Iterable[Mapping[str, Any] | Sequence[Any]]"
        return
    for param in query.params:
        default = "" if param.required else f" = {_literal(param.default)}"
        yield f"{param.name}: {_given(param)}{default}"


def _literal(default: object) -> str:
    return json.dumps(default, ensure_ascii=False) if isinstance(default, str) else repr(default)


def _given(param: Param) -> str:
    if param.row is not None:
        kind = f"Sequence[{param.row.name}]"
    else:
        kind = _annotation(param.type, _GIVEN, array="Sequence")
    return _optional(kind, param.nullable)


def _result(query: Query, a: str = "") -> str:
    row = query.row.name if query.row else "Any"
    match query.kind:
        case Kind.ONE:
            return row if _always(query) else _optional(row, nullable=True)
        case Kind.MANY:
            return f"list[{row}]"
        case Kind.STREAM:
            return f"{a}Stream[{row}]"
        case Kind.SCALAR:
            value = _annotation(query.type, _RESULT) if query.type else "Any"
            return _optional(value, query.nullable)
        case Kind.BATCH:
            return f"list[{row}]" if query.row else "int"
        case Kind.AFFECTED:
            return "int"
        case _:
            return "None"


def _always(query: Query) -> bool:
    """Whether a `:one` query always has its row: its file says so, or it is a plain INSERT.

    That is INSERT … VALUES … without a condition. (A BEFORE trigger could still drop the row.)
    """
    if "always" in query.reasons:
        return True
    words = set(_WORD.findall(query.variants[-1].text.upper().partition("*/")[2]))
    return words.issuperset(("INSERT", "VALUES")) and not words & {"SELECT", "WHERE", "NOTHING"}


def _annotation(declared: Type, names: dict[str, str], array: str = "list") -> str:
    name = names.get(declared.name, "Any")
    return f"{array}[{name}]" if declared.array else name


def _optional(annotation: str, nullable: bool) -> str:  # noqa: FBT001 - a property of the type
    return f"{annotation} | None" if nullable and annotation != "Any" else annotation


def _doc(query: Query) -> str:
    if not query.doc:
        return ""
    text = " ".join(query.doc.split()).replace("\\", "\\\\").replace('"""', "'''")
    alone = _WIDTH - 14  # what has a line to itself, with its quotes
    if len(text) <= alone:
        return f'"""{text}"""'
    lines = wrap(text, _WIDTH - 8)
    if len(lines) == 1:  # a formatter with longer lines would join it with its quotes
        lines = wrap(text, alone)
    return '"""' + "\n".join(lines) + '\n"""'
