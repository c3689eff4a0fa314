"""A store's queries as pgbench scripts, with values, for who measures a server without Python."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from rawstore.errors import ConfigError
from rawstore.query import Query, Variant
from rawstore.scan import marks
from rawstore.store import Store

from .growth.cases import Case, cases, with_new_keys

_README = """# pgbench scripts of the store {store}

One script for each query, combination of its optional lines and sample; the values are of rows that
the database had. Numbers are set in the script, where `random(1, 100)` may stand for one; texts are
in the program beside it. Where the server is, libpq's variables say. What writes is rolled back.

```sh
export PGHOST=… PGUSER=… PGDATABASE=…
./{first}.sh --time=10 --client=4 --report-per-command
```
"""
_SHELL = """#!/bin/sh
# {signature}
# More options are pgbench's: --time=10 --client=4 --report-per-command
exec "${{PGBENCH:-pgbench}}" --no-vacuum --protocol=prepared \\
{values}    --file="$(dirname "$0")/{name}.sql" "$@"
"""
# What pgbench would take for a variable, also in a string.
_VARIABLE = re.compile(r"(?<!:):(?=\w)")


def export(store: Store, folder: Path) -> list[Path]:
    """Write the scripts of a filled PostgreSQL store to a new folder; the scripts' files.

    For each `NAME.sql` there is a `NAME.sh` that runs it. The values are samples of the store's
    `plans/STORE.sql`. Raises ConfigError for a folder that is there, and for SQLite.
    """
    if store.dialect != "postgres":
        raise ConfigError("pgbench is PostgreSQL's: name a PostgreSQL database")
    found = cases([store])
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise ConfigError(f"{folder} exists; name a folder that does not") from None
    files = [_write(case, folder) for case in found]
    readme = _README.format(store=store.name, first=files[0].stem)
    (folder / "README.md").write_text(readme, encoding="utf-8")
    return files


def _write(case: Case, folder: Path) -> Path:
    query = case.query
    arguments = with_new_keys(query, case.arguments[0])
    values = {param.name: arguments.get(param.name, param.default) for param in query.params}
    bits = (
        (values[query.params[i].name] is not None) << n for n, i in enumerate(query.conditional)
    )
    variant = query.variants[sum(bits)]
    name = re.sub(r"\W+", "-", f"{query.name} {case.sample}")
    script = folder / f"{name}.sql"
    script.write_text(_script(variant, values), encoding="utf-8")
    shell = script.with_suffix(".sh")
    shell.write_text(_shell(query, name, _texts(variant, values)), encoding="utf-8")
    shell.chmod(0o755)
    return script


def _script(variant: Variant, values: Mapping[str, Any]) -> str:
    query = variant.query
    names = [query.params[index].name for index in variant.order]
    numbers = [
        f"\\set {name} {value}"
        for name, value in values.items()
        if name in names and _is_number(value)
    ]
    statement = f"{_statement(variant, names, values)};"
    body = ["BEGIN;", statement, "ROLLBACK;"] if query.writes else [statement]
    place = f"-- {query.signature}\n-- {query.file.name}, line {query.line}"
    return "\n".join([place, *numbers, *body, ""])


def _statement(variant: Variant, names: list[str], values: Mapping[str, Any]) -> str:
    """The text with pgbench's variables, NULL where a value is None."""
    text, parts, position = variant.text, [], 0
    for mark in marks(text, "postgres"):
        parts.append(text[position : mark.start])
        position = mark.end
        if mark.kind == "foreign":
            name = names[int(mark.text[1:]) - 1]
            parts.append("NULL" if values[name] is None else f":{name}")
        elif mark.kind == "string" and _VARIABLE.search(mark.text):
            parts.append(_without_colons(mark.text))
        else:
            parts.append(mark.text)
    return "".join([*parts, text[position:]])


def _without_colons(literal: str) -> str:
    """The same string, each colon by its number: to the server it is the same constant."""
    if not literal.startswith("'"):
        raise ConfigError(f"pgbench would read a variable in {literal}")
    escaped = literal.replace("\\", "\\\\").replace(":", "\\003A")
    return f"U&{escaped}"


def _texts(variant: Variant, values: Mapping[str, Any]) -> dict[str, str]:
    """The values that are no numbers, as the server reads them: pgbench cannot set them."""
    names = [variant.query.params[index].name for index in variant.order]
    return {
        name: _text(variant.query, name, value)
        for name, value in values.items()
        if name in names and value is not None and not _is_number(value)
    }


def _text(query: Query, name: str, value: Any) -> str:
    param = next(param for param in query.params if param.name == name)
    if param.row is not None:
        return param.row.check_items(value)
    if param.type.name == "vector":
        return json.dumps([float(number) for number in value])
    if param.type.array:
        return "{" + ",".join(json.dumps(str(item)) for item in value) + "}"
    if isinstance(value, bool) or param.type.name == "json":
        return json.dumps(value)
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    return value.isoformat() if isinstance(value, date) else str(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _shell(query: Query, name: str, texts: Mapping[str, str]) -> str:
    values = "".join(f"    --define={key}={shlex.quote(text)} \\\n" for key, text in texts.items())
    return _SHELL.format(signature=query.signature, values=values, name=name)
