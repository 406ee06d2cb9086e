"""Runs the real command as a process."""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, "-m", "bus.cli"]
_PATIENCE_S = 90.0
_AT_START = ("PYTHON", "LC_", "LANG", "COLUMNS", "TERM", "NO_COLOR", "FORCE_COLOR", "LD_")  # looked at but once
_NO_MATTER = ("PYTHONPATH", "PYTHONUNBUFFERED")


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """The one JSON value on standard output."""
        return json.loads(self.out)

    def lines(self) -> list[Any]:
        """One JSON value a line."""
        return [json.loads(line) for line in self.out.splitlines()]


def run(
    *arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None, given: bytes = b"",
    cold: bool = False,
) -> Ran:  # fmt: skip
    """One command, not on a terminal. Whatever happens, no stack trace."""
    ran = run_any(arguments, env=env, cwd=cwd, given=given, cold=cold)
    assert "Traceback" not in ran.out + ran.err, ran
    assert "\x1b" not in ran.out + ran.err, ran
    return ran


def run_any(
    arguments: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None, given: bytes = b"",
    cold: bool = False,
) -> Ran:  # fmt: skip
    """One command in a process of its own: forked off one that is ready, or a new one where that is asked for, or where
    the environment says how Python itself starts."""
    environment = {**(os.environ if env is None else env), "PYTHONPATH": str(ROOT)}
    folder = cwd or ROOT
    if not cold and _starting(environment) == _starting(os.environ):
        return ready().run(arguments, environment, folder, given=given)
    done = subprocess.run(
        [*COMMAND, *arguments], env=environment, cwd=folder, capture_output=True, timeout=_PATIENCE_S, input=given
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def _starting(environment: Mapping[str, str]) -> Mapping[str, str]:
    return {k: v for k, v in environment.items() if k.startswith(_AT_START) and k not in _NO_MATTER}


class Ready:
    """The process that forks."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.cli.ready", str(theirs.fileno())],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
        )  # fmt: skip
        theirs.close()

    def run(self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path, *, given: bytes) -> Ran:
        """One command."""
        asked = {"arguments": list(arguments), "environment": dict(environment), "folder": str(folder)}
        with tempfile.TemporaryFile() as read, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            read.write(given)
            read.seek(0)
            files = [each.fileno() for each in (read, out, err)]
            self._control.settimeout(_PATIENCE_S)
            socket.send_fds(self._control, [json.dumps(asked).encode()], files)
            child = int(self._control.recv(64))
            try:
                code = int(self._control.recv(64))
            except TimeoutError:
                os.kill(child, signal.SIGKILL)
                self._control.recv(64)
                raise
            out.seek(0)
            err.seek(0)
            return Ran(code, out.read().decode(), err.read().decode())

    def close(self) -> None:
        """Ends it."""
        self._control.close()
        self._process.wait(10)


@cache
def ready() -> Ready:
    """The one of this test process."""
    made = Ready()
    atexit.register(made.close)
    return made
