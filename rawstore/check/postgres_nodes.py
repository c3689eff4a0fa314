"""PostgreSQL's text form of a parse tree (`pg_node_tree`) as Python values. Pure.

A node is written `{TAG :field value :field value}`, a list `(a b c)`; `<>` stands for nothing. The
text is the server's own answer to "what does this statement mean": names are resolved, joins are
told apart, `*` is written out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(r'[{}()\[\]]|"(?:[^"\\]|\\.)*"|(?:\\.|[^\s{}()\[\]\\])+')


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A node: its tag and its fields."""

    tag: str
    fields: dict[str, Any]

    def get(self, name: str) -> Any:
        """A field that is a single value; None where the node has none."""
        return self.fields.get(name)

    def node(self, name: str) -> Node | None:
        """A field that is a node."""
        found = self.fields.get(name)
        return found if isinstance(found, Node) else None

    def nodes(self, name: str) -> list[Any]:
        """A field that is a list; empty where it is nothing."""
        found = self.fields.get(name)
        return found if isinstance(found, list) else []

    def number(self, name: str) -> int:
        """A field that is a number."""
        return int(self.fields.get(name) or 0)

    def flag(self, name: str) -> bool:
        """A field that is true or false."""
        return bool(self.fields.get(name) == "true")


def read(text: str) -> Any:
    """The value that a text stands for. Raises ValueError for one that is not of this form."""
    tokens: list[str] = _TOKEN.findall(text)
    value, end = _value(tokens, 0)
    if end != len(tokens):
        raise ValueError("more than one value")
    return value


def _value(tokens: list[str], at: int) -> tuple[Any, int]:
    token = tokens[at]
    if token == "{":  # noqa: S105 - a brace
        return _node(tokens, at + 1)
    if token == "(":  # noqa: S105
        return _items(tokens, at + 1, ")")
    if token == "[":  # noqa: S105 - the bytes of a constant
        return _items(tokens, at + 1, "]")
    if token == "<>":  # noqa: S105
        return None, at + 1
    return _plain(token), at + 1


def _items(tokens: list[str], at: int, closing: str) -> tuple[list[Any], int]:
    found = []
    while tokens[at] != closing:
        value, at = _value(tokens, at)
        found.append(value)
    return found, at + 1


def _node(tokens: list[str], at: int) -> tuple[Node, int]:
    tag, at = tokens[at], at + 1
    fields: dict[str, Any] = {}
    name = ""
    while tokens[at] != "}":
        if tokens[at][0] == ":":
            name, at = tokens[at][1:], at + 1
        else:  # of several values, such as a constant's length and bytes, the last
            fields[name], at = _value(tokens, at)
    return Node(tag, fields), at + 1


def _plain(token: str) -> str:
    if token[0] == '"':
        token = token[1:-1]
    return re.sub(r"\\(.)", r"\1", token) if "\\" in token else token
