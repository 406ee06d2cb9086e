"""Tests of what is shipped: the wheel, alone in an empty environment, does the whole job."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("adapters", "bus", "schemas", "signing")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def _run(*command: str | Path, cwd: Path, timeout_s: float = 300) -> str:
    """Runs outside the source tree, with nothing of this environment's Python visible."""
    hidden = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "COLUMNS")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=timeout_s, check=False
    )
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (made,) = folder.glob("lienthong-*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `lienthong` command of an environment that holds the wheel and the locked packages, nothing else."""
    place = tmp_path_factory.mktemp("empty")
    venv.create(place, symlinks=True)
    install = (*_pip(place), "install", "--quiet", "--no-compile")
    _run(*install, "--require-hashes", "-r", ROOT / "requirements/run.lock", cwd=place)
    _run(*install, "--no-deps", wheel, cwd=place)
    return place / "bin/lienthong"


def _pip(place: Path) -> tuple[str | Path, ...]:
    """Our own pip, working on that environment, which has none."""
    return (sys.executable, "-m", "pip", "--python", place / "bin/python", "--disable-pip-version-check")


def _names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_every_file_of_the_packages_is_in_the_wheel(wheel: Path) -> None:
    """Maps, tables, schemas, scripts and templates travel with the code that reads them."""
    ours = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    kinds = {Path(name).suffix for name in ours}
    assert {".py", ".toml", ".xsd", ".csv", ".lua", ".xml", ".typed"} <= kinds
    assert ours - _names(wheel) == set()


def test_default_settings_are_in_the_wheel(wheel: Path) -> None:
    """The commented files of config/ are there as bus/defaults/."""
    ours = {
        f"bus/defaults/{path.relative_to(ROOT / 'config').as_posix()}" for path in (ROOT / "config").rglob("*.toml")
    }
    assert ours
    assert ours <= _names(wheel)


def test_nothing_else_is_in_the_wheel(wheel: Path) -> None:
    """Neither tests nor documents nor tools of development are shipped."""
    tops = {name.split("/", 1)[0] for name in _names(wheel)}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)
    assert [name for name in _names(wheel) if "__pycache__" in name or name.endswith((".pyc", ".orig"))] == []


def test_each_package_is_typed(wheel: Path) -> None:
    """Whoever builds on us gets our types."""
    assert {f"{package}/py.typed" for package in PACKAGES} <= _names(wheel)


def test_locked_packages_are_all_it_needs(installed: Path, tmp_path: Path) -> None:
    """The lock file holds everything the wheel asks for, in versions that agree."""
    _run(*_pip(installed.parents[1]), "check", cwd=tmp_path)


def test_modules_come_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    """What is tested here is the installed copy, not the source tree."""
    ask = "import adapters, bus, schemas, signing; print(*(m.__file__ for m in (adapters, bus, schemas, signing)))"
    said = _run(installed.parent / "python", "-c", ask, cwd=tmp_path)
    assert all("site-packages" in place for place in said.split())


def test_command_explains_itself(installed: Path, tmp_path: Path) -> None:
    """`lienthong --help` lists the commands."""
    said = _run(installed, "--help", cwd=tmp_path)
    assert all(command in said for command in ("demo", "up", "serve", "work"))


def test_demo_runs_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    """The short demo moves dossiers both ways outside the source tree, and loses nothing."""
    assert _run(installed, "demo", "--short", cwd=tmp_path).strip()
