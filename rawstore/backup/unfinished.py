"""A file that gets its name when it is complete, and what runs that were killed have left."""

from __future__ import annotations

import errno
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ..errors import ConfigError, DatabaseError, StorageFull

_SUFFIX = ".unfinished"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)

if sys.platform == "win32":
    import msvcrt

    def try_lock(descriptor: int) -> bool:
        """Lock an open file for this process, unless another one has it."""
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def try_lock(descriptor: int) -> bool:
        """Lock an open file for this process, unless another one has it."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


class Unfinished:
    """The file of a run that works: `path` until it is complete, `final` from then on.

    It is locked as long as the run lives: by that, what a killed one has left is recognised.
    """

    file: BinaryIO

    def __init__(self, final: Path) -> None:
        self.final = final
        self.path = self._named()

    def open(self, mode: int) -> None:
        """Make the file."""
        while True:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
            # Another run may have taken it for a dead one's before it was locked.
            if try_lock(descriptor) and self.path.exists():
                break
            os.close(descriptor)
            self.path = self._named()
        self.file = os.fdopen(descriptor, "w+b")

    def _named(self) -> Path:
        return self.final.with_name(f".{self.final.name}.{secrets.token_hex(4)}{_SUFFIX}")

    @property
    def beside(self) -> Path:
        """A second file, for what the first is made of. It goes first: it has no lock."""
        return self.path.with_name(f"{self.path.name}.db")

    def complete(self, *, replace: bool = False) -> None:
        """Give the file its name. Without `replace`, FileExistsError if there is such a file."""
        self.file.flush()
        os.fsync(self.file.fileno())
        _remove(self.beside)
        if replace:
            self.path.replace(self.final)
        else:
            _rename(self.path, self.final)
        sync_folder(self.final.parent)

    def close(self) -> None:
        """Remove what was not completed."""
        _remove(self.beside)
        self.path.unlink(missing_ok=True)
        # The disk is full: what was not flushed is not wanted any more. Or it was not opened.
        with suppress(OSError, AttributeError):
            self.file.close()


@contextmanager
def unfinished(final: Path, mode: int = 0o600) -> Iterator[Unfinished]:
    """A file to be written and completed in the block. Raises StorageFull, ConfigError.

    By its `mode` nobody else may read it; 0o666 leaves that to the umask.
    """
    with disk(final):
        final.parent.mkdir(parents=True, exist_ok=True)
        clean(final.parent)
        run = Unfinished(final)
        try:
            run.open(mode)
            yield run
        finally:
            try:
                run.close()
            except KeyboardInterrupt:  # see `stoppable`: a signal is raised once
                run.close()
                raise


@contextmanager
def disk(path: Path) -> Iterator[None]:
    """Raise what the file system refuses as an error of ours."""
    try:
        yield
    except OSError as error:
        raise refused(error, path) from error


def refused(error: OSError, path: Path) -> DatabaseError | ConfigError:
    """The error for what the file system refuses."""
    message = f"cannot write {path}: {error.strerror or type(error).__name__}"
    if error.errno in _FULL:
        return StorageFull(message, code=errno.errorcode[error.errno or 0])
    return ConfigError(message)


def clean(folder: Path) -> list[Path]:
    """Remove what killed runs have left in a folder, and nobody works on; what was removed."""
    removed = []
    for path in folder.glob(f".*.{'[0-9a-f]' * 8}{_SUFFIX}"):
        with suppress(OSError):
            descriptor = os.open(path, os.O_RDWR)
            try:
                if try_lock(descriptor):
                    _remove(path.with_name(f"{path.name}.db"))
                    path.unlink()
                    removed.append(path)
            finally:
                os.close(descriptor)
    return removed


def sync_folder(folder: Path) -> None:
    """Have the folder's entries survive a power cut."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _rename(path: Path, final: Path) -> None:
    """Rename, but replace nothing."""
    try:
        os.link(path, final)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if final.exists():
            raise FileExistsError(errno.EEXIST, "it exists already", str(final)) from None
        path.rename(final)
    else:
        path.unlink()


def _remove(database: Path) -> None:
    """Remove an SQLite file and what belongs to it."""
    for suffix in ("", "-wal", "-shm", "-journal", ".migrate.lock"):
        database.with_name(f"{database.name}{suffix}").unlink(missing_ok=True)
