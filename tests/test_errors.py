"""The tree of errors: drawn as it is, caught by its root, and whole after a pickle."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
from pathlib import Path

import pytest

from rawstore import errors
from rawstore.errors import (
    ConfigError,
    DatabaseError,
    ParameterError,
    QueryFileError,
    RawstoreError,
)

CLASSES = [
    found
    for _, found in inspect.getmembers(errors, inspect.isclass)
    if found.__module__ == errors.__name__
]
DATABASE_ERRORS = [found for found in CLASSES if issubclass(found, DatabaseError)]


def drawn() -> dict[str, str | None]:
    """Each class in the module's drawing, with the one it hangs from."""
    tree: dict[str, str | None] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"^(RawstoreError$|[│├└─ ]+(?=[A-Z]\w+))(\w*)", line)
        if match:
            name = match[2] or match[1]
            depth = len(match[1]) // 4 if match[2] else 0
            above[depth:] = [name]
            tree[name] = above[depth - 1] if depth else None
    return tree


def test_every_error_is_drawn_where_it_hangs() -> None:
    ours = {found.__name__ for found in CLASSES}
    bases = {
        found.__name__: next((b.__name__ for b in found.__bases__ if b.__name__ in ours), None)
        for found in CLASSES
    }
    assert drawn() == bases


def test_every_error_has_one_root_and_says_what_it_means() -> None:
    assert len(CLASSES) > 20
    for found in CLASSES:
        assert issubclass(found, RawstoreError)
        assert found.__doc__
        assert found.__doc__.strip().endswith(".")


def whole(error: RawstoreError) -> list[RawstoreError]:
    """The error after a pickle and after a copy."""
    return [pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)]  # noqa: S301


@pytest.mark.parametrize("kind", DATABASE_ERRORS)
def test_a_database_error_keeps_its_data(kind: type[DatabaseError]) -> None:
    error = kind("it failed", query="shop.q", code="23505", constraint="items_name_key")
    for back in whole(error):
        assert type(back) is kind
        assert str(back) == "shop.q: it failed"
        assert vars(back) == vars(error)
    assert str(kind("it failed")) == "it failed"
    assert (kind("it failed").query, kind("it failed").code) == (None, None)


def test_the_others_keep_theirs() -> None:
    for error in (
        QueryFileError(Path("a.sql"), 3, "wrong"),
        ParameterError("shop.q", "a", "expected an int"),
        ConfigError("no"),
    ):
        for back in whole(error):
            assert type(back) is type(error)
            assert str(back) == str(error)
            assert vars(back) == vars(error)


def test_a_query_file_error_says_where_first() -> None:
    error = QueryFileError("sql/a.sql", 3, "wrong; mend it")
    assert str(error) == "sql/a.sql:3: wrong; mend it"
    assert (error.file, error.line, error.reason) == (Path("sql/a.sql"), 3, "wrong; mend it")


def test_a_parameter_error_is_a_value_error_too() -> None:
    error = ParameterError("shop.q", "a", "expected an int, got str")
    assert isinstance(error, ValueError)
    assert str(error) == "shop.q: parameter 'a': expected an int, got str"
