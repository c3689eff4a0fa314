"""A file that has no name before it is complete, whatever happens to who writes it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rawstore.backup import unfinished as module
from rawstore.backup.unfinished import clean, unfinished
from rawstore.errors import ConfigError

WRITER = """
import sys, time
from pathlib import Path
from rawstore.backup.unfinished import unfinished
with unfinished(Path(sys.argv[1])) as run:
    run.file.write(b"half")
    run.file.flush()
    run.beside.write_bytes(b"half")
    print("writing", flush=True)
    time.sleep(60)
"""


def test_it_has_its_name_when_it_is_complete(tmp_path: Path) -> None:
    final = tmp_path / "sub" / "file"
    with unfinished(final) as run:
        run.file.write(b"whole")
        run.beside.write_bytes(b"other")
        assert not final.exists()
        run.complete()
    assert final.read_bytes() == b"whole"
    assert list(final.parent.iterdir()) == [final]


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), unfinished(tmp_path / "file") as run:
        run.file.write(b"half")
        run.beside.write_bytes(b"half")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_replaced(tmp_path: Path) -> None:
    final = tmp_path / "file"
    with pytest.raises(ConfigError, match="exists"), unfinished(final) as run:
        final.write_bytes(b"mine")
        run.complete()
    assert final.read_bytes() == b"mine"
    assert list(tmp_path.iterdir()) == [final]


def test_what_a_killed_run_has_left_is_removed_and_what_a_live_one_has_is_not(
    tmp_path: Path,
) -> None:
    final = tmp_path / "file"
    with subprocess.Popen([sys.executable, "-c", WRITER, final], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        assert len(list(tmp_path.iterdir())) == 2
        assert clean(tmp_path) == []
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    assert not final.exists()
    assert len(clean(tmp_path)) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot write"), unfinished(tmp_path / "file" / "x"):
        pytest.fail("there is no such folder")


def test_a_file_that_has_its_name_leaves_none_beside_it(tmp_path: Path) -> None:
    """A kill right then would leave one that nothing marks as a dead run's."""
    with unfinished(tmp_path / "file") as run:
        run.beside.write_bytes(b"half")
        run.complete()
        assert list(tmp_path.iterdir()) == [tmp_path / "file"]


@pytest.mark.parametrize("name", ["_remove", "try_lock"])
def test_a_signal_that_comes_while_it_is_made_or_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    real = getattr(module, name)

    def interrupted(*arguments: object) -> None:
        monkeypatch.setattr(module, name, real)  # a signal is raised once
        raise KeyboardInterrupt

    monkeypatch.setattr(module, name, interrupted)
    with pytest.raises(KeyboardInterrupt), unfinished(tmp_path / "file") as run:
        run.beside.write_bytes(b"half")
    assert list(tmp_path.iterdir()) == []


def test_what_is_only_called_alike_is_not_removed(tmp_path: Path) -> None:
    (tmp_path / ".novel.unfinished").write_text("Call me")
    assert clean(tmp_path) == []
    assert len(list(tmp_path.iterdir())) == 1
