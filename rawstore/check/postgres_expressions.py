"""Expressions of PostgreSQL's parse tree as `algebra` has them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
from .postgres_functions import (
    AGGREGATES,
    COLLECTIONS,
    TOTAL,
    Function,
    is_safe,
    is_safe_operator,
)
from .postgres_nodes import Node

_UNKNOWN = Function(
    "?", trusted=False, strict=False, volatile=True, takes_json=False, gives_text=False
)
_TRANSPARENT = {
    "RELABELTYPE": "arg",
    "COLLATEEXPR": "arg",
    "COLLATE": "arg",
    "COERCETODOMAIN": "arg",
    "NAMEDARGEXPR": "arg",
}
_NEVER_NULL = frozenset(
    ("SQLVALUEFUNCTION", "BOOLEANTEST", "GROUPINGFUNC", "CURRENTOFEXPR", "CASETESTEXPR")
)
_CASTS = ("1", "2")  # funcformat: explicit and implicit
_DEFAULT_FRAME = 1  # FRAMEOPTION_NONDEFAULT
_SUBQUERIES = {0: "exists", 2: "any", 4: "scalar", 6: "array"}
_EXTERN = 0  # a Param that is a placeholder
_WINDOW_VALUES = ("first_value", "last_value")


@dataclass(frozen=True)
class Names:
    """What the tree names by number: functions and operators; the arguments' nullability."""

    functions: Mapping[int, Function]
    operators: Mapping[int, str]
    nullable: Sequence[bool]

    def function(self, node: Node, field: str) -> Function:
        """The function that a field of the node names."""
        return self.functions.get(node.number(field), _UNKNOWN)


class Expressions:
    """Reads expressions; columns and subqueries are its owner's to resolve."""

    def __init__(
        self,
        names: Names,
        column: Callable[[Node], Expression],
        subquery: Callable[[Node], Query],
    ) -> None:
        self._names = names
        self._subquery = subquery
        self.volatile: set[str] = set()
        self.frames: Mapping[int, int] = {}  # the current block's windows: frame options
        self._readers: dict[str, Callable[[Node], Expression]] = {
            "VAR": column,
            "CONST": self._const,
            "PARAM": self._param,
            "FUNCEXPR": self._function,
            "OPEXPR": self._operator,
            "SCALARARRAYOPEXPR": self._any_of_array,
            "BOOLEXPR": self._boolean,
            "AGGREF": self._aggregate,
            "WINDOWFUNC": self._window,
            "SUBLINK": self._sublink,
            "CASEEXPR": self._case,
            "CASE": self._case,
            "COALESCEEXPR": self._first_of,
            "COALESCE": self._first_of,
            "MINMAXEXPR": self._first_of,
            "MINMAX": self._first_of,
            "NULLTEST": self._null_test,
            "COERCEVIAIO": self._converted,
            "ARRAYCOERCEEXPR": self._converted,
            "ARRAYEXPR": self._array,
            "ARRAY": self._array,
            "DISTINCTEXPR": self._distinct,
            "ROWEXPR": self._row,
            "ROW": self._row,
            "ROWCOMPAREEXPR": self._row_compare,
            "ROWCOMPARE": self._row_compare,
        }

    def read(self, node: Any) -> Expression:
        """An expression; one of a kind that is not known is a Call that nothing is known of."""
        if not isinstance(node, Node):
            return Const(is_null=True)
        reader = self._readers.get(node.tag)
        if reader is not None:
            return reader(node)
        if inner := _TRANSPARENT.get(node.tag):
            return self.read(node.get(inner))
        args = tuple(self.read(part) for part in node.nodes("args"))
        return Call(node.tag.lower(), args, () if node.tag in _NEVER_NULL else None)

    def all(self, nodes: Sequence[Any]) -> tuple[Expression, ...]:
        """Several."""
        return tuple(self.read(node) for node in nodes)

    def _const(self, node: Node) -> Expression:
        if node.flag("constisnull"):
            return Const(is_null=True)
        data = node.get("constvalue")
        number = int.from_bytes(
            bytes(int(byte) & 255 for byte in data or ()), "little", signed=True
        )
        return Const(value=str(number) if node.flag("constbyval") else str(data))

    def _param(self, node: Node) -> Expression:
        number = node.number("paramid") - 1
        if node.number("paramkind") != _EXTERN:
            return Call("param")
        return Argument(number, self._names.nullable[number])

    def _function(self, node: Node) -> Expression:
        function = self._names.function(node, "funcid")
        args = self.all(node.nodes("args"))
        draws = function.name in ("nextval", "setval")
        if draws or (function.volatile and not function.trusted):
            self.volatile.add(function.name)
        cast = node.get("funcformat") in _CASTS
        needs: tuple[Expression, ...] | None = args if is_safe(function, cast=cast) else None
        if function.trusted and function.name in TOTAL:
            needs = ()
        elif function.trusted and function.name == "concat_ws":  # null for a null separator only
            needs = args[:1]
        return Call("cast" if cast else function.name, args, needs, strict=function.strict)

    def _operator(self, node: Node) -> Expression:
        name = self._names.operators.get(node.number("opno"), "?")
        function = self._names.function(node, "opfuncid")
        args = self.all(node.nodes("args"))
        return Call(name, args, args if is_safe_operator(name, function) else None, function.strict)

    def _any_of_array(self, node: Node) -> Expression:
        name = self._names.operators.get(node.number("opno"), "?")
        name = f"{name} {'any' if node.flag('useOr') else 'all'}"
        args = self.all(node.nodes("args"))
        # With a null among the items the answer may be null.
        items = [part for part in node.nodes("args")[1:] if isinstance(part, Node)]
        listed = all(part.tag == "ARRAYEXPR" for part in items)
        elements = tuple(self.read(each) for part in items for each in part.nodes("elements"))
        return Call(name, args, (args[0], *elements) if listed else None, strict=True)

    def _boolean(self, node: Node) -> Expression:
        name, args = str(node.get("boolop")), self.all(node.nodes("args"))
        return Call(name, args, args, strict=name == "not")

    def _aggregate(self, node: Node) -> Expression:
        name = self._names.function(node, "aggfnoid").name
        entries = [entry.get("expr") for entry in node.nodes("args")]
        args = self.all(node.nodes("aggdirectargs")) + self.all(entries)
        if name in TOTAL:
            return Call(name, args, ())
        needs = args if name in AGGREGATES else () if name in COLLECTIONS else None
        return Aggregate(args, needs, filtered=node.get("aggfilter") is not None)

    def _window(self, node: Node) -> Expression:
        name, args = self._names.function(node, "winfnoid").name, self.all(node.nodes("args"))
        if name in TOTAL:
            return Call(name, args, ())
        # The default frame has the row itself in it.
        default = not self.frames.get(node.number("winref"), _DEFAULT_FRAME) & _DEFAULT_FRAME
        known = name in AGGREGATES or name in _WINDOW_VALUES
        whole = default and known and node.get("aggfilter") is None
        return Call(name, args, args if whole else None)

    def _sublink(self, node: Node) -> Expression:
        inner = node.node("subselect")
        kind: Any = _SUBQUERIES.get(node.number("subLinkType"))
        if inner is None or kind is None:
            return Call("sublink")
        test = node.node("testexpr")
        value: tuple[Expression, ...] = ()
        if test is not None and test.tag in ("OPEXPR", "BOOLEXPR"):
            value = tuple(
                part
                for part in self.all(test.nodes("args"))
                if not (isinstance(part, Call) and part.name == "param")
            )
        return Subquery(kind, self._subquery(inner), value)

    def _case(self, node: Node) -> Expression:
        branches = [branch for branch in node.nodes("args") if isinstance(branch, Node)]
        results = [branch.get("result") for branch in branches] + [node.get("defresult")]
        tests = [node.get("arg"), *(branch.get("expr") for branch in branches)]
        return Choice(self.all([test for test in tests if test]), self.all(results))

    def _first_of(self, node: Node) -> Expression:
        return FirstOf(self.all(node.nodes("args")))

    def _null_test(self, node: Node) -> Expression:
        name = "is not null" if node.get("nulltesttype") == "1" else "is null"
        return Call(name, (self.read(node.get("arg")),), ())

    def _converted(self, node: Node) -> Expression:
        arg = self.read(node.get("arg"))
        return Call("cast", (arg,), (arg,), strict=True)

    def _array(self, node: Node) -> Expression:
        return Call("array", self.all(node.nodes("elements")), ())

    def _distinct(self, node: Node) -> Expression:
        return Call("is distinct from", self.all(node.nodes("args")), ())

    def _row(self, node: Node) -> Expression:
        return Call("row", self.all(node.nodes("args")), ())

    def _row_compare(self, node: Node) -> Expression:
        args = self.all(node.nodes("largs")) + self.all(node.nodes("rargs"))
        return Call("row compare", args, args)
