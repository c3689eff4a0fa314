"""The docstrings of Python's standard library, read from its source; nothing is imported."""

from __future__ import annotations

import ast
import sysconfig
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import ConfigError

SOURCE = "python-stdlib"

_LEFT_OUT = frozenset(
    """
    __phello__ __pycache__ config dist-packages ensurepip idle_test idlelib lib2to3 site-packages
    test tests turtledemo
    """.split()
)
_KINDS: Mapping[type[ast.AST], str] = {
    ast.ClassDef: "class",
    ast.FunctionDef: "function",
    ast.AsyncFunctionDef: "function",
}

Chunk = Mapping[str, Any]
"""An item of `bulk_upsert_knowledge_chunks`."""


def source_files() -> list[tuple[Path, Path]]:
    """The library's files, by name, each with its path below the library's folder.

    Raises ConfigError where this Python has none (some come without their library's source).
    """
    root = Path(sysconfig.get_path("stdlib"))
    files = [(path, path.relative_to(root)) for path in sorted(root.rglob("*.py"))]
    kept = [
        (path, below)
        for path, below in files
        if not any(part.partition("-config-")[0] in _LEFT_OUT for part in below.parts)
    ]
    if not kept:
        raise ConfigError("this Python comes without the source of its standard library")
    return kept


def read(path: Path, below: Path) -> list[Chunk]:
    """The docstrings of a file: of the module and of what is public in it.

    A name that is defined twice counts once. A file that is not of this Python's syntax has none.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in other people's strings
            tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return []
    module = ".".join(below.with_suffix("").parts).removesuffix(".__init__")
    chunks: dict[str, Chunk] = {}
    if text := _text(tree):
        chunks[module] = _chunk(module, module, text, "module", below, 1)
    for name, node in _definitions(tree.body, ""):
        if (text := _text(node)) and _is_public(name):
            external_id, title = f"{module}.{name}", f"{name} in {module}"
            kind = _KINDS[type(node)]
            chunk = _chunk(external_id, title, text, kind, below, node.lineno)
            chunks.setdefault(external_id, chunk)
    return list(chunks.values())


def _is_public(name: str) -> bool:
    parts = name.split(".")
    return all(part.endswith("__") or not part.startswith("_") for part in parts)


_Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def _definitions(body: Sequence[ast.stmt], prefix: str) -> Iterator[tuple[str, _Definition]]:
    """Classes, their members, and functions, with their dotted names; also those under an if."""
    for node in body:
        if isinstance(node, _Definition):
            yield prefix + node.name, node
        if isinstance(node, ast.ClassDef):
            yield from _definitions(node.body, f"{prefix}{node.name}.")
        elif isinstance(node, ast.If | ast.Try):
            handled = [each.body for each in getattr(node, "handlers", ())]
            for inner in (node.body, *handled, node.orelse):
                yield from _definitions(inner, prefix)


def _text(node: ast.Module | _Definition) -> str:
    """The docstring, its indentation taken away, without what a text column cannot hold."""
    text = ast.get_docstring(node) or ""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _chunk(external_id: str, title: str, text: str, kind: str, below: Path, line: int) -> Chunk:
    return {
        "source": SOURCE,
        "external_id": external_id,
        "title": title,
        "content": text,
        "chunk_metadata": {"kind": kind, "file": below.as_posix(), "line": line},
    }
