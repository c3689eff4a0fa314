"""What `import rawstore` offers."""

from __future__ import annotations

from types import ModuleType

import rawstore


def test_all_names_every_public_name_and_no_other() -> None:
    public = {
        name
        for name, value in vars(rawstore).items()
        if not name.startswith("_") and not isinstance(value, ModuleType) and name != "annotations"
    }
    assert public == set(rawstore.__all__)
    assert list(rawstore.__all__) == sorted(rawstore.__all__)


def test_every_public_name_is_documented() -> None:
    for name in rawstore.__all__:
        assert getattr(rawstore, name).__doc__, name


def test_the_version_is_that_of_the_package() -> None:
    assert rawstore.__version__.count(".") == 2
