"""All plans of a store on one dialect, held against those that were reviewed."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..check.findings import Finding
from ..errors import ConfigError
from ..query import Kind, Query
from ..registry import Registry
from ..scan import Dialect
from ..source import Source
from .plan import Plan, Planner
from .text import Case, Kept, read, write_section

_HEAD = (
    "# The plans of {store} by {version}, to be reviewed. Written by `rawstore plans snapshot`.\n"
)
_REMEDY = "serve it by an index, or say why not: -- plan: reason"


@dataclass(frozen=True)
class Snapshot:
    """The plans of a store's queries, by name and case."""

    registry: Registry
    version: str
    plans: Mapping[str, Mapping[Case, Plan]]


def path(source: Source, dialect: Dialect) -> Path:
    """Where the plans of a store are kept."""
    return source.root / "plans" / dialect / f"{source.name}.txt"


def snapshot(registry: Registry, planner: Planner) -> Snapshot:
    """The plans of every variant of every query. Raises the mapped error of one that has none."""
    plans = {query.name: _cases(query, planner) for query in registry if query.kind != Kind.SCRIPT}
    return Snapshot(registry, planner.version, plans)


def _cases(query: Query, planner: Planner) -> dict[Case, Plan]:
    return {
        Case(" ".join(variant.conditions), label): plan
        for variant in query.variants
        for label, plan in planner.plans(variant).items()
    }


def render(now: Snapshot, also: str = "") -> str:
    """The text to be kept; where `also` is given that, with what it lacks as alternatives."""
    before = read(also)
    head = _HEAD.format(store=now.registry.store, version=now.version)
    sections = (
        _section(now.registry[name], plans, before.get(name)) for name, plans in now.plans.items()
    )
    return "\n".join((head, *sections))


def _section(query: Query, plans: Mapping[Case, Plan], before: Kept | None = None) -> str:
    shapes = {}
    for case, plan in plans.items():
        known = before.of(case) if before else ()
        shapes[case] = known if plan.lines in known else (*known, plan.lines)
    return write_section(_title(query), shapes)


def _title(query: Query) -> str:
    return f"{query.name} ({query.file.name})"


def verify(source: Source, now: Snapshot) -> tuple[list[Finding], str]:
    """What is wrong, and a unified diff of the queries whose plans are none that are kept.

    Raises ConfigError where none are kept.
    """
    kept = path(source, now.registry.dialect)
    try:
        before = read(kept.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{kept} is missing; make it with: rawstore plans snapshot") from None
    shown = str(kept.relative_to(source.root))
    findings: list[Finding] = []
    difference: list[str] = []
    for name, plans in now.plans.items():
        query = now.registry[name]
        findings += _unreasoned(query, plans)
        known = before.pop(name, None)
        other = {case: plan for case, plan in plans.items() if not _is_kept(known, case, plan)}
        if other:
            message = f"{name}: its plans are not those in {shown}"
            findings.append(Finding(query.file, query.line, "plan", message))
            old = _kept(query, known, other).splitlines()
            new = _section(query, other).splitlines()
            to = f"now, by {now.version}"
            difference += difflib.unified_diff(old, new, shown, to, lineterm="", n=5)
    findings += (
        Finding(kept, gone.line, "plan", f"{name}: there is no such query")
        for name, gone in before.items()
    )
    return sorted(findings), "\n".join(difference)


def _is_kept(known: Kept | None, case: Case, plan: Plan) -> bool:
    return known is not None and plan.lines in known.of(case)


def _kept(query: Query, known: Kept | None, cases: Iterable[Case]) -> str:
    """What is kept for these cases, as a section."""
    shapes = {case: known.of(case) for case in cases} if known else {}
    return write_section(_title(query), shapes) if shapes else ""


def _unreasoned(query: Query, plans: Mapping[Case, Plan]) -> Iterator[Finding]:
    """One finding for each fault, with where it first shows."""
    if "plan" in query.reasons:
        return
    seen: dict[str, Case] = {}
    for case, plan in plans.items():
        for fault in plan.faults:
            seen.setdefault(fault, case)
    for fault, case in seen.items():
        where = f"{case.given} given, {case.label}" if case.given else case.label
        message = f"{query.name}: {fault} ({where}); {_REMEDY}"
        yield Finding(query.file, query.line, "plan", message)
