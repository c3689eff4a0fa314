"""Creating the files of the next migration."""

from __future__ import annotations

from pathlib import Path

import pytest

from rawstore.errors import MigrationError
from rawstore.migrate import new
from tests.migrate.conftest import Place


def test_twins_get_the_number_after_the_highest_of_all(tmp_path: Path) -> None:
    folders = [tmp_path / "postgres", tmp_path / "sqlite"]
    folders[0].mkdir()
    (folders[0] / "0007_add_a.sql").write_text("SELECT 1;")

    paths = new(folders, "Add user-email")

    assert [path.relative_to(tmp_path).as_posix() for path in paths] == [
        "postgres/0008_add_user_email.sql",
        "postgres/0008_add_user_email.rollback.sql",
        "sqlite/0008_add_user_email.sql",
        "sqlite/0008_add_user_email.rollback.sql",
    ]
    assert "-- depends: 0007_add_a\n" in paths[0].read_text()
    assert "-- depends:" not in paths[2].read_text()


@pytest.mark.parametrize("title", ["", "  ", "../evil", "add;drop", "añadir", "42", "_-_"])
def test_a_bad_title_is_refused(tmp_path: Path, title: str) -> None:
    with pytest.raises(MigrationError, match="title"):
        new([tmp_path], title)
    assert list(tmp_path.iterdir()) == []


def test_the_template_is_sound_and_runs(place: Place) -> None:
    place.write_shop()
    new([place.folder], "add nothing")
    assert place.migrator.check() == []
    assert place.migrator.up()[-1] == "0004_add_nothing"
    assert place.migrator.down() == ["0004_add_nothing"]
