"""The built package: what is inside, that it works once installed, and what it imports."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# What a caller pays for only when a call needs it.
HEAVY = ["click", "dotenv", "numpy", "pgvector", "psycopg", "psycopg_pool", "rich", "yoyo"]

LOADED = f"print(sorted(set(sys.modules) & set({HEAVY})))"

FIRST_STEPS = """
import rawstore, sys
with rawstore.open("minipilot", "sqlite:///first.db") as store:
    assert store.migrate()
    user = store.create_user(email="user@example.com", name="John Doe")
    assert store.get_user_by_email("user@example.com") == user
print(rawstore.__file__)
"""


def run(*command: Path | str, cwd: Path = ROOT) -> str:
    """Run a program; return what it printed, and fail with all of it if it fails."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the source archive and of the wheel, which is built from the archive."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a virtualenv with the wheel; its dependencies are borrowed from ours."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    pip = ("-m", "pip", "--disable-pip-version-check", "--python", python)
    run(sys.executable, *pip, "install", "--quiet", "--no-deps", "--no-index", wheel)
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"))
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin"


def source_files(*folders: str) -> set[str]:
    return {
        str(path.relative_to(ROOT))
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.name != ".sqlfluff"
    }


def test_the_wheel_holds_the_package_the_sql_and_the_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        licences = [name for name in archive.namelist() if name.endswith("licenses/LICENSE")]
    shipped = {f"rawstore/{name}" for name in source_files("sql", "migrations")}
    assert names == source_files("rawstore") | shipped
    assert "rawstore/py.typed" in names
    assert len(licences) == 1


def test_the_source_archive_holds_what_the_tests_need(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    expected = source_files("rawstore", "sql", "migrations", "tests")
    assert expected | {"CHANGELOG.md", "LICENSE", "Makefile", "README.md"} <= names


def test_an_installed_wheel_works_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    file = run(installed / "python", "-c", FIRST_STEPS, cwd=tmp_path)
    assert Path(file).is_relative_to(installed.parent)
    assert (tmp_path / "first.db").exists()


def test_the_installed_command_lists_the_queries(installed: Path, tmp_path: Path) -> None:
    assert "create_user" in run(installed / "rawstore", "queries", "minipilot", cwd=tmp_path)


def test_importing_rawstore_loads_nothing_heavy() -> None:
    assert run(sys.executable, "-c", f"import sys, rawstore; {LOADED}") == "[]"


def test_opening_an_sqlite_store_loads_nothing_of_postgresql(tmp_path: Path) -> None:
    open_ = "import sys, rawstore; rawstore.open('minipilot', 'sqlite://').close()"
    assert run(sys.executable, "-c", f"{open_}; {LOADED}") == "[]"
