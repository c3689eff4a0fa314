"""A `:batch` INSERT as one statement for many items: the tuple becomes a SELECT from arrays. Pure.

    INSERT INTO t (id, name) VALUES ($1, lower($2)) ON CONFLICT …

    INSERT INTO t (id, name) SELECT item.p1, lower(item.p2)
    FROM unnest($1::int[], $2::text[]) AS item (p1, p2) ON CONFLICT …

Only what is certain to mean the same is rewritten. What the text cannot tell, the table's triggers
and the server's types, the engine looks at when it prepares the statement.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from .query import Kind, Query, Variant
from .scan import Token, blank, scan

ARRAYS = {
    "text": "text[]",
    "smallint": "smallint[]",
    "int": "int[]",
    "bigint": "bigint[]",
    "float": "float8[]",
    "bool": "bool[]",
    "uuid": "uuid[]",
    "timestamptz": "timestamptz[]",
    "date": "date[]",
    "numeric": "numeric[]",
    "bytes": "bytea[]",
    "json": "json[]",  # not jsonb[]: a column of text keeps the text as it is
    "vector": "vector[]",
}
"""By declared type, the array that carries its values."""

# Another statement inside: it would see the table as it was before the first item.
_INNER = frozenset(("SELECT", "WITH", "TABLE", "VALUES"))
_BEHIND = (["ON"], ["RETURNING"])


class Bulk(Variant):
    """A statement whose placeholders take arrays, an item's value in each.

    `table` is the target as the text names it, `calls` are the names that may be functions.
    `plain` tells of each placeholder whether its values go nowhere but into a column or a cast, so
    that the server may convert them to the type it wants.
    """

    def __init__(
        self,
        variant: Variant,
        text: str,
        *,
        table: str,
        calls: frozenset[str],
        plain: tuple[bool, ...],
    ) -> None:
        """Made of the variant that runs for one item, with its placeholders in the same order."""
        super().__init__(variant.query, text, variant.order, ())
        self.table: Final = table
        self.calls: Final = calls
        self.plain: Final = plain


class _Parts(NamedTuple):
    """An INSERT taken apart: its target, and where VALUES and its parentheses are in the tokens."""

    table: str
    values: int
    opening: int
    closing: int


def bulk_form(query: Query) -> Bulk | None:
    """The query for many items at once; None where it has to be run once for each."""
    if query.dialect != "postgres" or query.kind is not Kind.BATCH:
        return None
    (variant,) = query.variants
    types = [query.params[index].type for index in variant.order]
    if not types or any(each.array or each.name not in ARRAYS for each in types):
        return None
    text = variant.text
    tokens = list(scan(text, "postgres"))
    sql = blank(text, tokens)
    tokens = [token for token in tokens if token.kind not in ("comment", "block")]
    parts = _parts(sql, tokens)
    if parts is None or not _means_the_same(tokens, parts):
        return None
    arrays = ", ".join(f"${n}::{ARRAYS[each.name]}" for n, each in enumerate(types, start=1))
    names = ", ".join(f"p{n}" for n in range(1, len(types) + 1))
    head, rest = text[: tokens[parts.values].start], text[tokens[parts.closing].end :]
    made = f"SELECT {_tuple(text, tokens, parts)}\nFROM unnest({arrays}) AS item ({names}){rest}"
    calls = frozenset(_calls(sql, tokens))
    plain = _plain(sql, tokens, parts, len(types))
    return Bulk(variant, head + made, table=parts.table, calls=calls, plain=plain)


def _parts(sql: str, tokens: Sequence[Token]) -> _Parts | None:
    """Where the parts of an INSERT of one tuple are; None for anything else."""
    words = [token.text.upper() for token in tokens]
    if words[:2] != ["INSERT", "INTO"]:
        return None
    behind = 3
    while _gap(sql, tokens, behind - 1) == "." and behind < len(tokens):
        behind += 1
    depth, values = 0, behind
    while values < len(tokens) and not (depth == 0 and words[values] == "VALUES"):
        depth += (words[values] == "(") - (words[values] == ")")
        values += 1
    opening = values + 1
    if words[opening : opening + 1] != ["("] or _gap(sql, tokens, values):
        return None
    closing, depth = opening, 1
    while depth:
        closing += 1
        if closing == len(tokens):
            return None
        depth += (words[closing] == "(") - (words[closing] == ")")
    if _gap(sql, tokens, closing) or words[closing + 1 : closing + 2] not in ([], *_BEHIND):
        return None
    table = ".".join(token.text for token in tokens[2:behind])
    return _Parts(table, values, opening, closing)


def _gap(sql: str, tokens: Sequence[Token], number: int) -> str:
    """What stands between a token and the next, without white space."""
    end = tokens[number + 1].start if number + 1 < len(tokens) else len(sql)
    return sql[tokens[number].end : end].strip()


def _means_the_same(tokens: Sequence[Token], parts: _Parts) -> bool:
    """Whether the tuple can stand in a SELECT, and everything else does without parameters."""
    for number, token in enumerate(tokens):
        word = token.text.upper() if token.kind == "word" else ""
        inside = parts.opening < number < parts.closing
        if word in _INNER and number != parts.values:
            return False
        if (token.kind == "foreign" and not inside) or (word == "DEFAULT" and inside):
            return False
    return True


def _tuple(text: str, tokens: Sequence[Token], parts: _Parts) -> str:
    """What stands in the parentheses, with an item's values for the placeholders."""
    made, position = "", tokens[parts.opening].end
    for token in tokens[parts.opening : parts.closing]:
        if token.kind == "foreign":
            made += f"{text[position : token.start]}item.p{token.text[1:]}"
            position = token.end
    return (made + text[position : tokens[parts.closing].start]).strip()


def _calls(sql: str, tokens: Sequence[Token]) -> Iterator[str]:
    """Every name before a parenthesis or behind a dot, as the server folds it."""
    for number, token in enumerate(tokens):
        if token.kind not in ("word", "name"):
            continue
        behind = tokens[number + 1].text if number + 1 < len(tokens) else ""
        called = behind == "(" and not _gap(sql, tokens, number)
        if called or (number and _gap(sql, tokens, number - 1).endswith(".")):
            quoted = token.kind == "name"
            yield token.text[1:-1].replace('""', '"') if quoted else token.text.lower()


def _plain(sql: str, tokens: Sequence[Token], parts: _Parts, count: int) -> tuple[bool, ...]:
    """Of each placeholder, whether it is nothing but a column's value, or cast at once."""
    plain = [True] * count
    start, stop = tokens[parts.opening].start, tokens[parts.closing].end
    commas = {start, stop - 1, *_commas(sql, start, stop)}
    for token in tokens[parts.opening : parts.closing]:
        if token.kind != "foreign":
            continue
        before = len(sql[: token.start].rstrip()) - 1
        behind = stop - len(sql[token.end : stop].lstrip())
        alone = before in commas and behind in commas
        if not alone and not sql.startswith("::", behind):
            plain[int(token.text[1:]) - 1] = False
    return tuple(plain)


def _commas(sql: str, start: int, stop: int) -> Iterator[int]:
    """The offsets of the commas that part the tuple's expressions."""
    depth = 0
    for offset in range(start, stop):
        if sql[offset] in "([":
            depth += 1
        elif sql[offset] in ")]":
            depth -= 1
        elif sql[offset] == "," and depth == 1:
            yield offset
