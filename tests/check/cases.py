"""The statements and mistakes that the tests try, from the files beside this one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

_HERE = Path(__file__).parent
_MISTAKE = re.compile(
    r"^#### (\S+) in (\S+)(?: at ?(.*))?\n((?s:.*?))\n==== becomes\n((?s:.*?))\n+(?=####|\Z)",
    re.MULTILINE,
)


class Mistake(NamedTuple):
    """In a file `old` becomes `new`; the finding is at the line of `at`, in the new text."""

    rule: str
    file: str
    at: str
    old: str
    new: str


def statements(name: str) -> list[str]:
    """The statements of a file, each in one line."""
    text = (_HERE / "statements" / f"{name}.sql").read_text(encoding="utf-8")
    plain = re.sub(r"^--.*$", "", text, flags=re.MULTILINE)
    return [" ".join(each.split()) for each in plain.split(";") if each.strip()]


def mistakes(name: str) -> list[Mistake]:
    """The mistakes of a file. `at` is empty where the finding is about a whole folder."""
    text = (_HERE / "mistakes" / f"{name}.txt").read_text(encoding="utf-8")
    found = [
        Mistake(rule, file, at or "", old, new)
        for rule, file, at, old, new in _MISTAKE.findall(text)
    ]
    assert len(found) == text.count("####")
    return found
