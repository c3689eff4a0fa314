"""SQLite's expressions as `algebra` has them: an operator-precedence reader. Pure.

The precedences are those of "SQL Language Expressions", lowest first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .algebra import (
    Aggregate,
    Argument,
    Call,
    Choice,
    Const,
    Expression,
    FirstOf,
    Query,
    Subquery,
)
from .sqlite_functions import (
    AGGREGATES,
    COLLECTIONS,
    DATES,
    FIRST_OF,
    SAFE,
    STRICT,
    TOTAL,
)
from .sqlite_tokens import Cursor

_OR, _AND, _NOT, _EQUALITY, _COMPARISON, _BITS, _SUM, _PRODUCT, _JOINED, _COLLATE = range(1, 11)
_BINARY = {
    "OR": _OR,
    "AND": _AND,
    **dict.fromkeys(
        ("=", "==", "<>", "!=", "IS", "IN", "LIKE", "GLOB", "MATCH", "REGEXP"), _EQUALITY
    ),
    **dict.fromkeys(("BETWEEN", "ISNULL", "NOTNULL", "NOT"), _EQUALITY),
    **dict.fromkeys(("<", "<=", ">", ">="), _COMPARISON),
    **dict.fromkeys(("&", "|", "<<", ">>"), _BITS),
    **dict.fromkeys(("+", "-"), _SUM),
    **dict.fromkeys(("*", "/", "%"), _PRODUCT),
    **dict.fromkeys(("||", "->", "->>"), _JOINED),
    "COLLATE": _COLLATE,
}
_LITERALS = ("NULL", "TRUE", "FALSE", "CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME")
_SAME = {"==": "=", "!=": "<>"}
# Division by zero is NULL, and so is a path that leads nowhere.
_DIVISIONS = ("/", "%")
_MAYBE_NULL = (*_DIVISIONS, "->", "->>")


class Expressions:
    """Reads expressions; columns and queries are its owner's to read."""

    def __init__(
        self,
        cursor: Cursor,
        nullable: Sequence[bool],
        column: Callable[[list[str]], Expression],
        query: Callable[[], Query],
        on_aggregate: Callable[[], None],
    ) -> None:
        self._cursor = cursor
        self._nullable = nullable
        self._column = column
        self._query = query
        self._on_aggregate = on_aggregate

    def read(self, least: int = _OR) -> Expression:
        """An expression whose operators bind at least so tightly."""
        left = self._operand()
        while True:
            token = self._cursor.token
            word = token.text.upper() if token.kind in ("word", "operator") else ""
            binds = _BINARY.get(word, 0)
            if not binds or binds < least:
                return left
            if word == "NOT" and not self._is_infix_not():
                return left
            self._cursor.next()
            left = self._infix(left, word, binds)

    def list_(self) -> list[Expression]:
        """Expressions between commas."""
        found = [self.read()]
        while self._cursor.takes(","):
            found.append(self.read())
        return found

    # -- infix

    def _is_infix_not(self) -> bool:
        following = self._cursor.peek().text.upper()
        return following in ("LIKE", "GLOB", "MATCH", "REGEXP", "IN", "BETWEEN", "NULL")

    def _infix(self, left: Expression, word: str, binds: int) -> Expression:
        if word == "NOT":
            word = self._cursor.next().text.upper()
            if word == "NULL":
                return Call("is not null", (left,), ())
            found = self._infix(left, word, binds)
            return Call("not", (found,), (found,), strict=True)
        if word in ("ISNULL", "NOTNULL"):
            return Call("is null" if word == "ISNULL" else "is not null", (left,), ())
        special = {"IS": self._is, "IN": self._in, "BETWEEN": self._between}.get(word)
        if special is not None:
            return special(left)
        if word == "COLLATE":
            self._cursor.name()
            return left
        right = self.read(binds + 1)
        if word in ("LIKE", "GLOB") and self._cursor.takes("ESCAPE"):
            self.read(_COMPARISON)
        name, args = _SAME.get(word, word.lower()), (left, right)
        by_value = name in _DIVISIONS and isinstance(right, Const) and bool(right.value.strip("0."))
        needs = args if by_value or name not in _MAYBE_NULL else None
        return Call(name, args, needs, strict=name not in ("or", "and"))

    def _is(self, left: Expression) -> Expression:
        negated = self._cursor.takes("NOT")
        distinct = self._cursor.takes("DISTINCT", "FROM")
        right = self.read(_EQUALITY + 1)
        same = negated == distinct
        if isinstance(right, Const) and right.is_null:
            return Call("is null" if same else "is not null", (left,), ())
        # With a value on the right, IS is an equality that is never null.
        return Call("is" if same else "is not", (left, right), ())

    def _in(self, left: Expression) -> Expression:
        cursor = self._cursor
        if not cursor.sees("("):
            cursor.name()
            return Call("in table", (left,), None, strict=True)
        cursor.expect("(")
        if cursor.starts_query:
            query = self._query()
            cursor.expect(")")
            value = left.args if isinstance(left, Call) and left.name == "row" else (left,)
            return Subquery("any", query, value)
        items = [] if cursor.sees(")") else self.list_()
        cursor.expect(")")
        args = (left, Call("list", tuple(items)))
        return Call("= any", args, (left, *items), strict=bool(items))

    def _between(self, left: Expression) -> Expression:
        low = self.read(_EQUALITY + 1)
        self._cursor.expect("AND")
        args = (left, low, self.read(_EQUALITY + 1))
        return Call("between", args, args)

    # -- operands

    def _operand(self) -> Expression:
        cursor, token = self._cursor, self._cursor.token
        if token.kind in ("number", "string"):
            return Const(value=cursor.next().text)
        if token.kind == "param":
            return self._argument()
        if token.kind == "operator":
            return self._marked()
        if token.kind == "word" and (found := self._keyword(token.text.upper())):
            return found
        names = [cursor.name()]
        while cursor.takes("."):
            names.append(cursor.name())
        return self._column(names)

    def _keyword(self, word: str) -> Expression | None:
        """What a keyword begins, or a call; None for a plain name."""
        cursor = self._cursor
        called = cursor.peek().text == "("
        reader = {
            "NOT": self._not,
            "CASE": self._case,
            "CAST": self._cast,
            "EXISTS": self._exists,
        }.get(word)
        if reader is not None and (called or word in ("NOT", "CASE")):
            cursor.next()
            return reader()
        if word in _LITERALS:
            cursor.next()
            return Const(is_null=word == "NULL", value=word)
        return self._call(cursor.name().lower()) if called else None

    def _argument(self) -> Expression:
        number = int(self._cursor.next().text)
        return Argument(number, self._nullable[number])

    def _marked(self) -> Expression:
        cursor = self._cursor
        if cursor.takes("("):
            if cursor.starts_query:
                query = self._query()
                cursor.expect(")")
                return Subquery("scalar", query)
            found = self.list_()
            cursor.expect(")")
            return found[0] if len(found) == 1 else Call("row", tuple(found), ())
        if cursor.token.text not in ("-", "+", "~"):
            raise cursor.lost()
        sign = cursor.next().text
        value = self.read(_COLLATE)
        return Call(sign, (value,), (value,), strict=True)

    def _not(self) -> Expression:
        value = self.read(_NOT + 1)
        return Call("not", (value,), (value,), strict=True)

    def _exists(self) -> Expression:
        self._cursor.expect("(")
        query = self._query()
        self._cursor.expect(")")
        return Subquery("exists", query)

    def _cast(self) -> Expression:
        self._cursor.expect("(")
        value = self.read()
        self._cursor.expect("AS")
        while not self._cursor.sees(")"):
            if self._cursor.sees("("):
                self._cursor.skip_group()
            else:
                self._cursor.name()
        self._cursor.expect(")")
        return Call("cast", (value,), (value,), strict=True)

    def _case(self) -> Expression:
        cursor = self._cursor
        tests = [] if cursor.sees("WHEN") else [self.read()]
        results: list[Expression] = []
        while cursor.takes("WHEN"):
            tests.append(self.read())
            cursor.expect("THEN")
            results.append(self.read())
        results.append(self.read() if cursor.takes("ELSE") else Const(is_null=True))
        cursor.expect("END")
        return Choice(tuple(tests), tuple(results))

    # -- calls

    def _call(self, name: str) -> Expression:
        cursor = self._cursor
        cursor.expect("(")
        cursor.takes("DISTINCT")
        args: list[Expression] = []
        if not cursor.takes("*") and not cursor.sees(")"):
            args = self.list_()
        if cursor.takes("ORDER", "BY"):
            self._skip_terms()
        cursor.expect(")")
        condition: list[Expression] = []
        if cursor.takes("FILTER"):
            cursor.expect("(")
            cursor.expect("WHERE")
            condition.append(self.read())
            cursor.expect(")")
        if cursor.takes("OVER"):
            return self._window(name, tuple(args + condition))
        return self._plain(name, tuple(args), tuple(condition))

    def _skip_terms(self) -> None:
        while not self._cursor.sees(")"):
            if self._cursor.sees("("):
                self._cursor.skip_group()
            else:
                self._cursor.next()

    def _window(self, name: str, args: tuple[Expression, ...]) -> Expression:
        if self._cursor.sees("("):
            self._cursor.skip_group()
        else:
            self._cursor.name()
        return Call(name, args, () if name in TOTAL else None)

    def _plain(
        self, name: str, args: tuple[Expression, ...], condition: tuple[Expression, ...]
    ) -> Expression:
        many = name in ("max", "min") and len(args) > 1
        if name in AGGREGATES | COLLECTIONS | {"count", "total"} and not many:
            self._on_aggregate()
        if name in TOTAL:
            return Call(name, args + condition, ())
        if name in FIRST_OF:
            return FirstOf(args)
        if name == "iif":
            return Choice(args[:1], args[1:] if len(args) > 2 else (*args[1:], Const(is_null=True)))
        if name in COLLECTIONS:
            return Call(name, args + condition, ())
        if name in AGGREGATES and not many:
            return Aggregate(args + condition, args, filtered=bool(condition))
        if name in DATES:
            now = all(isinstance(arg, Const) and not arg.is_null for arg in args)
            return Call(name, args, () if now else None)
        return Call(
            name, args, args if many or name in SAFE else None, strict=name in STRICT or many
        )
