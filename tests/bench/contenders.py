"""The queue's rivals: an environment of its own for each, outside this tree, and one run of each on a given server."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent / "rivals"
PYTHON = ("dramatiq", "taskiq", "saq", "arq")
NODE = ("bullmq",)
_INSTALL_S, _RUN_S = 300, 150


class Absent(Exception):
    """A rival that cannot be installed or does not run here: left out by name."""


@dataclass(frozen=True, slots=True)
class Speed:
    """What one run showed, jobs a second."""

    enqueued: float  # one by one
    drained: float  # by one worker process


@dataclass(frozen=True, slots=True)
class Rival:
    """One that is installed."""

    name: str
    command: tuple[str, ...]
    folder: Path

    def run(self, place: Path, count: int) -> Speed:
        """Puts in and drains `count` jobs on the server with that socket.

        Raises:
            Absent: it broke.
        """
        environment = {**os.environ, "PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            done = subprocess.run(
                [*self.command, str(place), str(count)], cwd=self.folder, env=environment, capture_output=True,
                text=True, timeout=_RUN_S, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as slow:
            raise Absent(f"not done in {_RUN_S} s") from slow
        told = [line for line in done.stdout.splitlines() if line.startswith("{")]
        if not told:
            raise Absent((done.stderr.strip().splitlines() or ["said nothing"])[-1][:120])
        return Speed(**json.loads(told[-1]))


def installed(name: str) -> Rival:
    """The rival, installed on first use.

    Raises:
        Absent: it cannot be.
    """
    wanted = HERE / ("package.json" if name in NODE else f"{name}.txt")
    mark = hashlib.sha256(wanted.read_bytes()).hexdigest()[:12]
    folder = _home() / f"{name}-{mark}"
    ready = folder / ".ready"
    if not ready.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _install(name, wanted, folder)
        ready.touch()
    if name in NODE:
        shutil.copy(HERE / f"{name}_rival.mjs", folder)  # its packages are looked for beside it
        return Rival(name, ("node", str(folder / f"{name}_rival.mjs")), folder)
    return Rival(name, (str(folder / "bin" / "python"), str(HERE / f"{name}_rival.py")), folder)


def _install(name: str, wanted: Path, folder: Path) -> None:
    if name in NODE:
        shutil.copy(wanted, folder)
        _run("npm", "install", "--silent", "--no-audit", "--no-fund", cwd=folder)
        return
    _run(sys.executable, "-m", "venv", str(folder), cwd=folder)
    _run(str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "-r", str(wanted), cwd=folder)


def _run(*command: str, cwd: Path) -> None:
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=_INSTALL_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as fault:
        raise Absent(f"{command[0]}: {type(fault).__name__}") from fault
    if done.returncode:
        raise Absent((done.stderr.strip().splitlines() or [f"{command[0]} failed"])[-1][:120])


def _home() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("LIENTHONG_RIVALS") or cache / "lienthong-rivals")
