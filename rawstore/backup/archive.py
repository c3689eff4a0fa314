"""The file of a backup: a tar archive, so that `tar` alone can open it.

Its members are the payload (`<store>.db` or `<store>.dump`), `manifest.json`, and `sha256`: the
checksum of every byte before that member. What follows the checksum is determined by it, and every
byte is compared, so that no flipped bit and no missing end goes unseen.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from ..errors import ConfigError, DatabaseCorrupt
from ..progress import Progress, quiet
from .manifest import Manifest, Payload, from_json

SUFFIX = ".rawbackup"
PORTION = 1 << 20  # bytes read at a time
_BLOCK = 512
_MANIFEST, _SHA256 = "manifest.json", "sha256"
_TAIL = 4 * _BLOCK  # the member sha256, and the two empty blocks that end an archive
_LARGEST_MANIFEST = 64 << 20


def write_payload(file: BinaryIO, name: str, made_at: datetime, data: Iterable[bytes]) -> Payload:
    """Write the first member into an empty file; what was written."""
    file.write(bytes(_BLOCK))  # the size is known at the end
    digest, size = hashlib.sha256(), 0
    for portion in data:
        digest.update(portion)
        size += file.write(portion)
    file.write(_padding(size))
    file.seek(0)
    file.write(_header(name, size, made_at))
    file.seek(0, os.SEEK_END)
    return Payload(name, size, digest.hexdigest())


def finish(file: BinaryIO, manifest: Manifest, on_progress: Progress = quiet) -> None:
    """Write the other members, having read back what is there. Raises DatabaseCorrupt."""
    data = manifest.to_json()
    file.write(_header(_MANIFEST, len(data), manifest.made_at) + data + _padding(len(data)))
    file.flush()
    os.fsync(file.fileno())
    size = file.tell()
    whole, payload = _hashes(file, size, manifest.payload.size, on_progress)
    if payload != manifest.payload.sha256:
        raise DatabaseCorrupt("what was written is not what the disk gives back: is it failing?")
    file.seek(size)
    file.write(_tail(whole, manifest.made_at))
    file.flush()
    os.fsync(file.fileno())


class Archive:
    """A backup that is open for reading. The same open file is checked and then used."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self._file = file
        self.size = os.fstat(file.fileno()).st_size

    def manifest(self) -> Manifest:
        """The manifest, without a look at the payload. Raises DatabaseCorrupt, ConfigError."""
        payload = self._member(0, None)
        at = _BLOCK + _padded(payload.size)
        member = self._member(at, _MANIFEST)
        if member.size > _LARGEST_MANIFEST:
            raise self._damaged("its manifest is too large")
        if at + _BLOCK + _padded(member.size) + _TAIL != self.size:
            raise self._damaged("bytes are missing, or there are too many")
        self._file.seek(at + _BLOCK)
        manifest = self._parsed(self._file.read(member.size))
        if (manifest.payload.name, manifest.payload.size) != (payload.name, payload.size):
            raise self._damaged("its manifest is of another payload")
        return manifest

    def check(self, on_progress: Progress = quiet) -> Manifest:
        """The manifest, once every byte is known to be right. Raises as `manifest`."""
        manifest = self.manifest()
        end = self.size - _TAIL
        whole, payload = _hashes(self._file, end, manifest.payload.size, on_progress)
        self._file.seek(end)
        if self._file.read(_TAIL + 1) != _tail(whole, manifest.made_at):
            raise self._damaged("its checksum is wrong")
        if payload != manifest.payload.sha256:
            raise self._damaged("its payload is not that of its manifest")
        return manifest

    def payload(self, manifest: Manifest, on_progress: Progress = quiet) -> Iterator[bytes]:
        """The payload in portions, checked again as it is read. Raises DatabaseCorrupt."""
        self._file.seek(_BLOCK)
        digest, left, total = hashlib.sha256(), manifest.payload.size, manifest.payload.size
        while left:
            portion = self._file.read(min(left, PORTION))
            if not portion:
                break
            digest.update(portion)
            left -= len(portion)
            yield portion
            on_progress("restoring", total - left, total)
        if digest.hexdigest() != manifest.payload.sha256:
            raise self._damaged("it changed while it was read")

    def _member(self, at: int, name: str | None) -> tarfile.TarInfo:
        self._file.seek(at)
        block = self._file.read(_BLOCK)
        try:
            found = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
        except (tarfile.HeaderError, UnicodeError, ValueError):
            raise self._damaged("no backup, or its beginning is lost") from None
        if not 0 <= found.size <= self.size or name not in (None, found.name) or "/" in found.name:
            raise self._damaged("it holds something else")
        return found

    def _parsed(self, data: bytes) -> Manifest:
        try:
            return from_json(data)
        except ConfigError as error:
            raise ConfigError(f"{self.path}: {error}") from None
        except (ValueError, RecursionError):  # of JSON, of UTF-8, of a field
            raise self._damaged("its manifest cannot be read") from None

    def _damaged(self, what: str) -> DatabaseCorrupt:
        return DatabaseCorrupt(f"{self.path} is no sound backup: {what} ({self.size} bytes)")


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Open a backup for the block. Raises ConfigError where there is no such file."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    with file:
        yield Archive(path, file)


def _hashes(file: BinaryIO, end: int, payload_size: int, on_progress: Progress) -> tuple[str, str]:
    """The checksums of everything before `end`, and of the payload alone."""
    whole, payload, at = hashlib.sha256(), hashlib.sha256(), 0
    file.seek(0)
    while at < end:
        portion = file.read(min(PORTION, end - at))
        if not portion:
            break
        whole.update(portion)
        inside = slice(max(_BLOCK - at, 0), max(_BLOCK + payload_size - at, 0))
        payload.update(portion[inside])
        at += len(portion)
        on_progress("checking", at, end)
    return whole.hexdigest(), payload.hexdigest()


def _header(name: str, size: int, made_at: datetime) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, 0o600, int(made_at.timestamp())
    return info.tobuf(tarfile.GNU_FORMAT)


def _tail(sha256: str, made_at: datetime) -> bytes:
    data = f"{sha256}\n".encode()
    return _header(_SHA256, len(data), made_at) + data + _padding(len(data)) + bytes(2 * _BLOCK)


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _padding(size: int) -> bytes:
    return bytes(_padded(size) - size)
