"""PostgreSQL's parse tree of a statement as `algebra` has it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .algebra import Call, Expression, Output, Query, Ref, Source, conjuncts, own_outputs
from .catalog import Table
from .postgres_expressions import Expressions, Names
from .postgres_functions import ROWS
from .postgres_nodes import Node, read

_VERBS: dict[int, Any] = {1: "select", 2: "update", 3: "insert", 4: "delete", 5: "merge"}
_RELATION, _SUBQUERY, _JOIN, _FUNCTION, _VALUES, _CTE, _GROUP = 0, 1, 2, 3, 5, 6, 9
_LEFT, _FULL, _RIGHT = 1, 2, 3
_UNIONS = {1: "union", 2: "intersect", 3: "except"}
_OLD = 1  # varreturningtype: the row as it was, which an INSERT has not


@dataclass
class _Level:
    """A query block while it is read: its range table and its WITH."""

    query: Query
    table: list[Node]
    sources: dict[int, Source] = field(default_factory=dict)
    with_: dict[str, Query] = field(default_factory=dict)


class TreeReader:
    """Reads one statement's tree."""

    def __init__(self, tables: Mapping[int, Table], names: Names) -> None:
        self._tables = tables
        self._names = names
        self._levels: list[_Level] = []
        self._expressions = Expressions(names, self._column, self._inner)

    def statement(self, text: str) -> Query:
        """The statement of a `prosqlbody`, the last there."""
        found = read(text)
        while isinstance(found, list):
            found = found[-1]
        query = self._query(found, Query())
        query.functions = frozenset(self._expressions.volatile)
        return query

    def _inner(self, node: Node) -> Query:
        return self._query(node, Query())

    def _query(self, node: Node, query: Query) -> Query:
        level = _Level(query, node.nodes("rtable"))
        self._levels.append(level)
        outer_frames = self._expressions.frames
        self._expressions.frames = {
            window.number("winref"): window.number("frameOptions")
            for window in node.nodes("windowClause")
        }
        try:
            self._with(level, node)
            query.verb = _VERBS[node.number("commandType")]
            query.aggregated = node.flag("hasAggs")
            query.grouping_sets = bool(node.nodes("groupingSets"))
            query.locks = bool(node.nodes("rowMarks"))
            self._from(level, node)
            if (tree := node.node("setOperations")) is not None:
                self._united(level, query, tree)
            self._clauses(level, node)
        finally:
            self._levels.pop()
            self._expressions.frames = outer_frames
        return query

    def _with(self, level: _Level, node: Node) -> None:
        for each in node.nodes("cteList"):
            inner = level.with_[str(each.get("ctename"))] = Query()
            level.query.with_.append(inner)
        for each in node.nodes("cteList"):
            self._query(each.node("ctequery"), level.with_[str(each.get("ctename"))])

    # -- FROM

    def _from(self, level: _Level, node: Node) -> None:
        if target := node.number("resultRelation"):
            level.query.target = self._source(level, target)
            level.query.target.is_target = True
        tree = node.node("jointree")
        if tree is not None:
            self._join(level, tree, optional=False)
        if level.query.verb == "merge":  # NOT MATCHED BY SOURCE
            for source in level.query.sources:
                source.optional = not source.is_target

    def _join(self, level: _Level, node: Node, *, optional: bool) -> None:
        query = level.query
        if node.tag == "RANGETBLREF":
            source = self._source(level, node.number("rtindex"))
            source.optional = optional
            query.sources.append(source)
            return
        kept = query.outer if optional else query.conditions
        if node.tag == "FROMEXPR":
            for each in node.nodes("fromlist"):
                self._join(level, each, optional=optional)
        else:
            kind = node.number("jointype")
            for side, loses in (("larg", (_FULL, _RIGHT)), ("rarg", (_FULL, _LEFT))):
                inner = node.node(side)
                if inner is not None:
                    self._join(level, inner, optional=optional or kind in loses)
            if kind in (_LEFT, _FULL, _RIGHT):
                kept = query.outer
        if node.get("quals") is not None:
            kept += conjuncts(self._expressions.read(node.get("quals")))

    def _source(self, level: _Level, index: int) -> Source:
        """The source of a range table entry."""
        if index in level.sources:
            return level.sources[index]
        entry = level.table[index - 1]
        kind, names = entry.number("rtekind"), entry.node("eref")
        alias = str(names.get("aliasname")) if names else ""
        columns = tuple(map(str, names.nodes("colnames"))) if names else ()
        source = level.sources[index] = Source(alias, level.query, columns=columns)
        if kind == _RELATION:
            source.table = self._tables.get(entry.number("relid"))
        elif kind == _SUBQUERY:
            source.query = self._inner(_required(entry, "subquery"))
        elif kind == _CTE:
            above = self._levels[-1 - entry.number("ctelevelsup")]
            source.query = above.with_[str(entry.get("ctename"))]
        elif kind == _VALUES:
            source.rows = [list(self._expressions.all(row)) for row in entry.nodes("values_lists")]
        elif kind == _FUNCTION:
            self._function(source, entry)
        return source

    def _function(self, source: Source, entry: Node) -> None:
        functions = entry.nodes("functions")
        node = functions[0].node("funcexpr") if functions else None
        if node is None:
            return
        value = self._expressions.read(node)
        source.function = value if isinstance(value, Call) else Call("value", (value,), (value,))
        known: frozenset[int] = frozenset()
        source.single = not node.flag("funcretset")
        if not source.single and len(functions) == 1:
            known, source.key = ROWS.get(source.function.name, (known, None))
        if entry.flag("funcordinality"):
            source.key = len(source.columns) - 1
            known |= {source.key}
        source.not_null = known

    # -- columns

    def _column(self, node: Node) -> Expression:
        level = self._levels[-1 - node.number("varlevelsup")]
        index, number = node.number("varno"), node.number("varattno")
        if not 0 < index <= len(level.table):
            return Call("column")
        entry = level.table[index - 1]
        kind = entry.number("rtekind")
        if kind in (_JOIN, _GROUP):
            inner = entry.nodes("joinaliasvars" if kind == _JOIN else "groupexprs")
            return self._expressions.read(inner[number - 1]) if number > 0 else Call("row")
        source = self._source(level, index)
        if number < 1:  # the row as a whole, or a system column
            return Call("row", needs=() if number < 0 and not source.optional else None)
        if node.number("varreturningtype") == _OLD and level.query.verb != "update":
            return Call("old")
        if source.table is None:
            return Ref(source, number - 1)
        return Ref(source, source.table.numbers.get(number, ""))

    # -- the other clauses

    def _united(self, level: _Level, query: Query, tree: Node) -> None:
        query.union = _UNIONS[tree.number("op")] + (" all" if tree.flag("all") else "")
        for side in ("larg", "rarg"):
            leaf = _required(tree, side)
            if leaf.tag == "RANGETBLREF":
                branch = self._source(level, leaf.number("rtindex")).query or Query()
            else:
                branch = Query()
                self._united(level, branch, leaf)
                branch.outputs = own_outputs(
                    branch, [each.name for each in branch.branches[0].outputs]
                )
            query.branches.append(branch)

    def _clauses(self, level: _Level, node: Node) -> None:
        query, read = level.query, self._expressions.read
        entries = [each for each in node.nodes("targetList") if isinstance(each, Node)]
        listed = node.nodes("returningList") if query.verb != "select" else entries
        shown = [each for each in listed if not each.flag("resjunk")]
        if query.union:
            query.outputs = own_outputs(query, [str(each.get("resname")) for each in shown])
            values = {n: output.value for n, output in enumerate(query.outputs)}
        else:
            query.outputs = [
                Output(str(each.get("resname")), read(each.get("expr"))) for each in shown
            ]
            values = {n: read(each.get("expr")) for n, each in enumerate(entries)}
        by_ref = {each.get("ressortgroupref"): values.get(n) for n, each in enumerate(entries)}
        for name, into in (
            ("groupClause", query.group),
            ("distinctClause", query.distinct),
            ("sortClause", query.order),
        ):
            found = [by_ref.get(each.get("tleSortGroupRef")) for each in node.nodes(name)]
            into += [value for value in found if value is not None]
        if node.get("havingQual") is not None:
            query.having.append(read(node.get("havingQual")))
        if node.get("limitCount") is not None:
            query.limit = _uncast(read(node.get("limitCount")))
        if (conflict := node.node("onConflict")) is not None:
            query.skips = (
                conflict.get("action") == "1" or conflict.get("onConflictWhere") is not None
            )
        if query.target is not None and query.target.table is not None:
            table = query.target.table
            query.assigned = [
                (table.numbers.get(each.number("resno"), ""), read(each.get("expr")))
                for each in entries
                if not each.flag("resjunk")
            ]


def _required(node: Node, name: str) -> Node:
    found = node.node(name)
    if found is None:
        raise ValueError(f"{node.tag} without {name}")
    return found


def _uncast(value: Expression) -> Expression:
    while isinstance(value, Call) and value.name == "cast" and value.args:
        value = value.args[0]
    return value
