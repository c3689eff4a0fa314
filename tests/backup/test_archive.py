"""The file of a backup: open to tar, and refused whole when one bit of it is wrong."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings, strategies as st

from rawstore.backup import backups
from rawstore.backup.archive import opened
from rawstore.errors import ConfigError, DatabaseCorrupt, RawstoreError
from tests.backup.conftest import is_empty

if TYPE_CHECKING:
    from tests.conftest import Dialect


both = pytest.mark.parametrize("dialect", ["sqlite", "postgres"])


@pytest.fixture
def dialect() -> Dialect:
    """One is enough for what is of the file alone; `both` where it is not."""
    return "sqlite"


@pytest.fixture
def made(bank: Any, tmp_path: Path) -> Path:
    path: Path = bank.backup(tmp_path / "bank.rawbackup").path
    return path


@both
def test_tar_alone_opens_it(bank: Any, made: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    subprocess.run(["tar", "xf", made, "-C", tmp_path / "out"], check=True)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    payload = (tmp_path / "out" / manifest["payload"]["name"]).read_bytes()
    assert hashlib.sha256(payload).hexdigest() == manifest["payload"]["sha256"]
    assert manifest["store"] == "bank"
    assert [(t["name"], t["rows"]) for t in manifest["tables"]] == [("accounts", 10)]
    assert [each["id"] for each in manifest["migrations"]] == ["0001_create_accounts"]
    assert made.stat().st_mode & 0o077 == 0, "others must not read the data"


def regions(path: Path) -> dict[str, range]:
    """The parts of the file, by the names of its members."""
    found: dict[str, range] = {}
    with tarfile.open(path) as archive:
        for member in archive.getmembers():
            data, end = member.offset_data, member.offset_data + member.size
            padded = -(-end // 512) * 512
            found[f"{member.name} header"] = range(member.offset, data)
            found[member.name] = range(data, end)
            if padded > end:
                found[f"{member.name} padding"] = range(end, padded)
    last = max(part.stop for part in found.values())
    return found | {"end": range(last, path.stat().st_size)}


@both
def test_a_flipped_bit_anywhere_is_refused_before_the_target_is_touched(
    made: Path, reopened: Any
) -> None:
    whole = made.read_bytes()
    parts = regions(made)
    assert len(parts) >= 9
    for name, part in parts.items():
        for bit, at in enumerate((part.start, (part.start + part.stop) // 2, part.stop - 1)):
            damaged = bytearray(whole)
            damaged[at] ^= 1 << bit
            made.write_bytes(damaged)
            with pytest.raises(RawstoreError) as caught:
                reopened.restore(made)
            assert str(made) in str(caught.value), (name, at)
    assert is_empty(reopened)


@settings(max_examples=30)
@given(data=st.data())
def test_any_damage_is_refused(made: Path, data: st.DataObject) -> None:
    kept = made.with_suffix(".kept")
    whole = kept.read_bytes() if kept.exists() else made.read_bytes()
    kept.write_bytes(whole)
    at = data.draw(st.integers(0, len(whole) - 1))
    how = data.draw(st.sampled_from(["flip", "cut", "zero", "insert", "swap"]))
    changed = {
        "flip": lambda: whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :],
        "cut": lambda: whole[:at],
        "zero": lambda: whole[:at] + bytes(512) + whole[at + 512 :],
        "insert": lambda: whole[:at] + b"x" + whole[at:],
        "swap": lambda: whole[at:] + whole[:at],
    }[how]()
    if changed == whole:
        return
    made.write_bytes(changed)
    with opened(made) as archive, pytest.raises(RawstoreError):
        archive.check()


def test_what_is_cut_off_is_refused(made: Path, reopened: Any) -> None:
    whole = made.read_bytes()
    for left in (0, 1, 100, 511, 512, 513, 5000, -1, -512, -513, -1024, -2048):
        made.write_bytes(whole[:left])
        with pytest.raises(DatabaseCorrupt, match="no sound backup"):
            reopened.restore(made)
    assert is_empty(reopened)
    assert [each.problem is None for each in backups(made.parent)] == [False]


def test_what_is_no_backup_is_refused(reopened: Any, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.rawbackup"
    with tarfile.open(foreign, "w") as archive:
        archive.add(__file__, "readme")
        archive.add(__file__, "manifest.json")
    with pytest.raises(DatabaseCorrupt, match="no sound backup"):
        reopened.restore(foreign)
    with pytest.raises(ConfigError, match="No such file"):
        reopened.restore(tmp_path / "absent.rawbackup")
    with pytest.raises(ConfigError, match="directory"):
        reopened.restore(tmp_path)
    assert is_empty(reopened)


def rebuilt(path: Path, manifest: bytes, size: int | None = None) -> Path:
    """A backup of somebody who knows the format: its checksum is right, its manifest is theirs."""
    with opened(path) as archive:
        old = archive.check()
        payload = b"".join(archive.payload(old))
    with path.open("w+b") as file:
        for name, data in ((old.payload.name, payload), ("manifest.json", manifest)):
            info = tarfile.TarInfo(name)
            info.size = len(data) if size is None else size
            file.write(info.tobuf(tarfile.GNU_FORMAT) + data + bytes(-len(data) % 512))
        file.seek(0)
        checksum = hashlib.sha256(file.read()).hexdigest().encode() + b"\n"
        info = tarfile.TarInfo("sha256")
        info.size = len(checksum)
        file.write(info.tobuf(tarfile.GNU_FORMAT) + checksum.ljust(512, b"\0") + bytes(1024))
    return path


@pytest.mark.parametrize("size", [1 << 62, 1 << 70])
def test_a_size_beyond_all_files_is_refused(made: Path, size: int) -> None:
    rebuilt(made, b"{}", size)
    assert [each.problem is None for each in backups(made.parent)] == [False]


@pytest.mark.parametrize(
    "manifest",
    [
        b"[" * 100_000,
        b'{"format": 1e400}',
        b'{"format": ' + b"9" * 5000 + b"}",
        '{"format": 1, "store": "ü"}'.encode("latin-1"),
    ],
    ids=["deep", "infinite", "long", "not UTF-8"],
)
def test_a_manifest_of_somebody_else_is_refused(made: Path, manifest: bytes) -> None:
    rebuilt(made, manifest)
    assert [each.problem is None for each in backups(made.parent)] == [False]


@pytest.mark.parametrize(
    "change",
    [{"engine": "?", "dialect": "postgres"}, {"program": "?", "dialect": "postgres"}],
    ids=["engine", "program"],
)
def test_a_manifest_without_versions_is_refused(
    made: Path, reopened: Any, change: dict[str, str]
) -> None:
    with opened(made) as archive:
        facts = json.loads(archive.manifest().to_json()) | change
    rebuilt(made, json.dumps(facts).encode())
    with pytest.raises(DatabaseCorrupt, match="manifest cannot be read"):
        reopened.restore(made)


def test_what_is_put_together_or_appended_is_refused(made: Path, reopened: Any) -> None:
    whole = made.read_bytes()
    for changed in (whole + whole, whole + b"\0", whole + bytes(1024), b"\0" + whole):
        made.write_bytes(changed)
        with pytest.raises(DatabaseCorrupt, match="no sound backup"):
            reopened.restore(made)
    assert is_empty(reopened)
