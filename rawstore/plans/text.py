"""The plans of a store as the text that is kept, and back. Pure.

A query's section begins with its name; a block in it says for which parameters given and for which
samples, and then the plan. `or` before it: there too this plan is as good as the one above.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

Shape = tuple[str, ...]
ANY = "any values"


class Case(NamedTuple):
    """What a plan is for: the `-- if` parameters given, and a sample's label."""

    given: str
    label: str


Section = Mapping[Case, tuple[Shape, ...]]
"""A query's plans: for each case those that will do, first the one at full volume."""


def write_section(title: str, section: Section) -> str:
    """A section as text."""
    return "".join(f"{line}\n" for line in _lines(title, section))


def _lines(title: str, section: Section) -> Iterator[str]:
    yield title
    for given in dict.fromkeys(case.given for case in section):
        own = {case.label: shapes for case, shapes in section.items() if case.given == given}
        prefix = f"{given} given, " if given else ""
        for alternative in range(max(map(len, own.values()))):
            labels: dict[Shape, list[str]] = {}
            for label, shapes in own.items():
                if alternative < len(shapes):
                    labels.setdefault(shapes[alternative], []).append(label)
            for shape, those in labels.items():
                who = ANY if len(those) == len(own) else ", ".join(those)
                yield f"  {'or ' if alternative else ''}{prefix}{who}:"
                yield from (f"    {line}" for line in shape)


class Kept(NamedTuple):
    """A section of a text that was kept."""

    title: str
    line: int
    text: str
    shapes: Mapping[Case, tuple[Shape, ...]]

    def of(self, case: Case) -> tuple[Shape, ...]:
        """The plans that will do."""
        return self.shapes.get(Case(case.given, ANY), ()) + self.shapes.get(case, ())


def read(text: str) -> dict[str, Kept]:
    """The sections of a text by the query's name; comment lines do not count."""
    found: dict[str, Kept] = {}
    title, first, lines = "", 0, list[str]()
    for number, line in enumerate([*text.splitlines(), "end"], 1):
        if not line or line.startswith("#"):
            continue
        if not line.startswith(" "):
            if title:
                body = "".join(f"{each}\n" for each in (title, *lines))
                found[title.split()[0]] = Kept(title, first, body, _shapes(lines))
            title, first, lines = line, number, []
        else:
            lines.append(line)
    return found


def _shapes(lines: list[str]) -> dict[Case, tuple[Shape, ...]]:
    found: dict[Case, tuple[Shape, ...]] = {}
    for cases, shape in _blocks(lines):
        for case in cases:
            found[case] = (*found.get(case, ()), shape)
    return found


def _blocks(lines: list[str]) -> Iterator[tuple[list[Case], Shape]]:
    cases: list[Case] = []
    shape: list[str] = []
    for line in lines:
        if line.startswith("    "):
            shape.append(line[4:])
            continue
        if cases:
            yield cases, tuple(shape)
        head = line.strip().removesuffix(":").removeprefix("or ")
        given, _, labels = head.rpartition(" given, ")
        cases, shape = [Case(given, label) for label in labels.split(", ")], []
    if cases:
        yield cases, tuple(shape)
