"""The rules for one query: its variants before a database, against what its file declares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..query import Kind, Query, Variant
from ..types import Type
from . import keys, tenants
from .algebra import Query as Statement, blocks
from .engine import Description, Engine, Refused
from .files import Loaded
from .findings import Finding
from .nulls import Prover, always_one_row
from .place import Place

_LISTS = (Kind.MANY, Kind.STREAM)
_GIVE_ROWS = (Kind.ONE, Kind.MANY, Kind.STREAM, Kind.SCALAR)
_GIVE_NONE = (Kind.AFFECTED, Kind.EXEC)
# Reasons that no rule here asks for.
_FOR_OTHERS = {"always", "erase", "export", "growth", "plan", "prune"}


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong with a column of a row, as one query sees it."""

    rule: str
    column: str
    message: str


class QueryCheck:
    """Collects what is wrong with a query; what several variants have in common is said once."""

    def __init__(self, query: Query, place: Place, engine: Engine) -> None:
        self._engine = engine
        self._place = place
        self.query = query
        self.row_problems: dict[RowProblem, None] = {}
        self._found: dict[Finding, None] = {}
        self.described = False
        self._needed: set[str] = set()
        self._followed = True

    def findings(self) -> list[Finding]:
        """Everything, in no order."""
        for line in self._place.stars:
            self._add(
                "select-star", "* gives what the table happens to have; list the columns", line
            )
        for variant in self.query.variants:
            try:
                self._variant(variant)
            except Refused as refused:
                self._refused(variant, refused)
        if self._followed:
            self._bulk()
            for name in sorted(set(self.query.reasons) - self._needed - _FOR_OTHERS):
                message = f"-- {name.replace(' ', ': ') if name.startswith('not') else name}: "
                self._add("unused-reason", f"{message}nothing here needs this reason; take it out")
        return list(self._found)

    def of_row(self, checks: Sequence[QueryCheck]) -> list[Finding]:
        """What is wrong with the columns of the query's row.

        What most of the queries that give the row have in common is the row's mistake, and said of
        its declaration. That a column may be null is the query's, if it is the only one.
        """
        row = self.query.row
        users = [check for check in checks if check.query.row == row and check.described]
        found = []
        for problem in self.row_problems:
            names = [check.query.name for check in users if problem in check.row_problems]
            line, who = self.query.line, self.query.name
            shared = len(names) > len(users) / 2 and (problem.rule != "nullability" or names[1:])
            if row and shared:
                line, who = self._place.of_column(problem.column), f"row {row.name}"
                who += f" of {', '.join(names)}"
            found.append(Finding(self.query.file, line, problem.rule, f"{who}: {problem.message}"))
        return found

    def _add(self, rule: str, message: str, line: int | None = None) -> None:
        query = self.query
        finding = Finding(query.file, line or query.line, rule, f"{query.name}: {message}")
        self._found[finding] = None

    def _excused(self, reason: str) -> bool:
        """Whether the author has stated why a rule need not hold here."""
        self._needed.add(reason)
        return reason in self.query.reasons

    # -- the variants

    def _variant(self, variant: Variant) -> None:
        if self.query.kind is Kind.SCRIPT:
            self._engine.run_script(variant)
            return
        described = self._engine.describe(variant)
        self.described = True
        self._parameters(variant, described)
        self._kind(described)
        names = [name for name, _ in described.columns]
        statement = described.statement
        if statement is None:
            self._followed = False
            self._add("not-understood", described.reason)
        else:
            self._whole(statement)
        if self.query.row and described.columns:
            wanted = [column.name for column in self.query.row.columns]
            if names != wanted:
                self._names(names, wanted)
            else:
                self._columns(described)
        elif self.query.type and len(described.columns) == 1:
            self._scalar(described, self.query.type)

    def _refused(self, variant: Variant, refused: Refused) -> None:
        self._followed = False
        line = None
        if refused.offset is not None:
            line = self._place.of_offset(variant, refused.offset)
        elif refused.word:
            line = self._place.of_word(refused.word, refused.nth)
        given = f" (with {', '.join(variant.conditions)} given)" if variant.conditions else ""
        if not any(each.rule == "does-not-prepare" for each in self._found):
            self._add("does-not-prepare", refused.message + given, line)

    def _bulk(self) -> None:
        """For many items at once the statement has another text."""
        if self.query.bulk is None:
            return
        try:
            self._engine.describe(self.query.bulk)
        except Refused as refused:
            reason = f"many items cannot go as one statement: {refused.message}"
            self._add("bulk-form", f"{reason}; cast the parameter to the type that is meant")

    # -- parameters and results

    def _parameters(self, variant: Variant, described: Description) -> None:
        for number, server in zip(variant.order, described.params, strict=False):
            param = self.query.params[number]
            if not self._engine.takes(param, server):
                wanted = self._engine.type_name(server)
                message = f"parameter {param.name} is {param.type}, the database takes {wanted}"
                self._add("parameter-type", message, self._place.of_parameter(param.name))

    def _kind(self, described: Description) -> None:
        kind, columns = self.query.kind, described.columns
        if not columns and (kind in _GIVE_ROWS or self.query.row):
            remedy = "make it :affected or :exec" if kind is not Kind.BATCH else "declare no row"
            self._add("kind", f":{kind} of a statement that gives no rows; {remedy}")
        elif columns and kind in _GIVE_NONE:
            remedy = "make it :one, :many or :scalar, or return nothing"
            self._add(
                "kind", f":{kind} of a statement that gives rows, which nobody gets; {remedy}"
            )
        elif kind is Kind.SCALAR and len(columns) > 1:
            self._add("kind", f":scalar of a statement that gives {len(columns)} columns")

    def _names(self, names: Sequence[str], wanted: Sequence[str]) -> None:
        row = self.query.row.name if self.query.row else ""
        if missing := [name for name in wanted if name not in names]:
            what = f"row {row} has {', '.join(missing)}, which the statement does not give"
        elif extra := [name for name in names if name not in wanted]:
            what = f"the statement gives {', '.join(extra)}, which row {row} does not have"
        else:
            what = f"row {row} is ({', '.join(wanted)}), the statement gives ({', '.join(names)})"
        self._add("column-names", what)

    def _columns(self, described: Description) -> None:
        row = self.query.row
        for n, column in enumerate(row.columns if row else ()):
            server = described.columns[n][1]
            if not self._engine.gives(column.type, server):
                given = self._engine.type_name(server)
                message = f"column {column.name} is {column.type}, the database gives {given}"
                self.row_problems[RowProblem("column-type", column.name, message)] = None
            proven = column.nullable or self._proven(described.statement, n)
            if not proven and not self._excused(f"not null {column.name}"):
                message = self._maybe_null(column.name, f"{column.type}?")
                self.row_problems[RowProblem("nullability", column.name, message)] = None

    def _scalar(self, described: Description, declared: Type) -> None:
        name, server = described.columns[0]
        if not self._engine.gives(declared, server):
            given = self._engine.type_name(server)
            self._add("column-type", f"the value is {declared}, the database gives {given}")
        statement = described.statement
        if self.query.nullable or statement is None:
            return
        proven = self._proven(statement, 0)
        if proven and always_one_row(statement):
            return
        if not self._excused(f"not null {name}"):
            message = self._maybe_null(name, f":scalar {declared}?")
            if proven:
                message = f"there may be no row, and so no value; declare :scalar {declared}?"
            self._add("nullability", message)

    def _maybe_null(self, name: str, remedy: str) -> str:
        stated = f"state why not: -- not null: {name}: reason"
        return f"column {name} may be NULL as far as can be proven; declare {remedy}, or {stated}"

    def _proven(self, statement: Statement | None, position: int) -> bool:
        return statement is None or Prover().column(statement, position)

    # -- the statement as a whole

    def _whole(self, statement: Statement) -> None:
        if self.query.kind in _LISTS:
            if not keys.is_total(statement) and not self._excused("order"):
                message = "rows that the ORDER BY does not tell apart come in an order of chance"
                remedy = "end it in a unique column, or state why: -- order: reason"
                self._add("many-without-order", f"{message}; {remedy}")
            if not keys.is_bounded(statement) and not self._excused("all"):
                message = "the list grows with the table"
                remedy = "add LIMIT :limit, or state why: -- all: reason"
                self._add("many-without-limit", f"{message}; {remedy}")
        if self.query.read == "replica" and (what := _writing(statement)):
            self._add("writes-in-read", f"{what}, which no replica can; drop -- read: replica")
        self._tenants(statement)

    def _tenants(self, statement: Statement) -> None:
        catalog = self._engine.catalog
        tenant = catalog.tenant
        unheld = tenants.unheld(statement, catalog, tenant) if tenant else []
        if unheld and not self._excused("tenant"):
            message = f"{', '.join(dict.fromkeys(unheld))} is touched whatever its {tenant} is"
            remedy = f"add {tenant} = :{tenant}, or state why: -- tenant: reason"
            self._add("tenant-predicate", f"{message}; {remedy}")


def _writing(statement: Statement) -> str:
    """What in a statement a read-only server would refuse."""
    inside = blocks(statement)
    if any(block.verb not in ("select", "values") for block in inside):
        return "it writes"
    if any(block.locks for block in inside):
        return "it locks rows"
    if functions := sorted(statement.functions):
        return f"it calls {', '.join(functions)}, which may write"
    return ""


def check_queries(loaded: Loaded, engine: Engine) -> list[Finding]:
    """What is wrong with these queries."""
    checks = [QueryCheck(query, loaded.place(query), engine) for query in loaded.by_name.values()]
    found = [finding for check in checks for finding in check.findings()]
    return found + [finding for check in checks for finding in check.of_row(checks)]
