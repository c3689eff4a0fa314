"""What `import rawstore` offers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import rawstore
from rawstore import aio

IMPORTED = ("annotations", "TYPE_CHECKING")


def test_all_names_every_public_name_and_no_other() -> None:
    for name in rawstore.__all__:
        getattr(rawstore, name)
    names = vars(rawstore) | vars(aio)
    public = {
        name
        for name, value in names.items()
        if not name.startswith("_") and not isinstance(value, ModuleType) and name not in IMPORTED
    }
    assert public == set(rawstore.__all__)
    assert list(rawstore.__all__) == sorted(rawstore.__all__)


def test_every_public_name_is_documented() -> None:
    for name in rawstore.__all__:
        assert getattr(rawstore, name).__doc__, name


def test_the_version_is_that_of_the_package() -> None:
    assert rawstore.__version__.count(".") == 2


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'open_asynch'"):
        _ = rawstore.open_asynch  # type: ignore[attr-defined]


def test_asyncio_is_loaded_by_those_who_use_it() -> None:
    program = (
        "import sys, rawstore\n"
        "rawstore.open('minipilot', 'sqlite://').close()\n"
        "assert 'asyncio' not in sys.modules\n"
        "rawstore.open_async\n"
        "assert 'asyncio' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_first_query_loads_no_more_than_it_needs(tmp_path: Path) -> None:
    (tmp_path / "sql" / "sqlite").mkdir(parents=True)
    file = tmp_path / "sql" / "sqlite" / "q.sql"
    file.write_text("-- name: length(word text) :scalar int\nSELECT length(:word)\n")
    program = (
        "import sys, rawstore\n"
        f"with rawstore.open({str(tmp_path)!r}, 'sqlite://') as store:\n"
        "    assert store.length('five') == 4\n"
        "print({'dataclasses', 'inspect', 'random'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert done.stdout == "set()\n"
