"""A statement that others wrote, as it may be shown: without literals and comments. Pure.

It may be cut off in the middle. What cannot be told from a value for sure is not shown.
"""

from __future__ import annotations

import re

LENGTH = 100

# In order: comments, literals (one with a backslash can end in two places), names in quotes,
# parameters, numbers.
_TOKEN = re.compile(
    r"""
    (?P<comment> --[^\n]*(?:\n|\Z) | /\*.*?(?:\*/|\Z) )
    | (?P<dollar> \$(?P<tag>(?:[^\W\d]\w*)?)\$ .*? (?:\$(?P=tag)\$|\Z) )
    | (?P<string> (?:\b[ebnxuEBNXU]&?)?'(?P<body>(?:[^']|'')*)(?:'|\Z) )
    | (?P<name> "(?:[^"]|"")*"(?!") )
    | (?P<broken> ".*\Z )
    | (?P<parameter> \$\d+ )
    | (?P<word> [^\W\d][\w$]* )
    | (?P<number> \d[\w.]*(?:(?<=[eE])[+-]\d+)? | \.\d[\w.]* )
    | (?P<space> \s+ )
    """,
    re.VERBOSE | re.DOTALL,
)
_SHOWN = frozenset(
    """SELECT INSERT UPDATE DELETE MERGE WITH VALUES TABLE DECLARE FETCH CLOSE MOVE BEGIN START
    COMMIT END ROLLBACK ABORT SAVEPOINT RELEASE VACUUM ANALYZE REINDEX REFRESH""".split()
)
"""First words of statements whose values are literals; in SET, say, a plain word can be one."""


def masked(text: str) -> str:
    """The statement in one line, each literal as `?`, without comments; at most LENGTH long."""
    shown: list[str] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        position += 1
        part: str | None = text[position - 1]
        if match is not None:
            position = match.end()
            part = _shown(match)
        elif part == ";" and text[position:].strip():
            part = None  # another statement, which may be any
        if part is None:
            shown.append("…")
            break
        shown.append(part)
    line = " ".join("".join(shown).split())
    first = line.split(" ", 1)[0].rstrip(";")
    if first.upper() not in _SHOWN:
        return f"{first.upper()} …" if first.isalpha() else "…"
    return line if len(line) <= LENGTH else f"{line[: LENGTH - 1]}…"


def _shown(match: re.Match[str]) -> str | None:
    """A token as it is shown; None where everything from it on is hidden."""
    match match.lastgroup:
        case "string":
            return None if "\\" in match["body"] else "?"
        case "dollar" | "number":
            return "?"
        case "comment":
            return None if "/*" in match.group()[2:] else " "  # it nests
        case "space":
            return " "
        case "name":
            return '"…"'
        case "broken":
            return None
    return match.group()
