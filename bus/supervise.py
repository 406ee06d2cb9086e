"""Keeps child processes alive: starts them, restarts what dies with a growing pause, ends them together."""

from __future__ import annotations

import ctypes
import functools
import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

log = logging.getLogger("lienthong.supervise")

_LIBC = ctypes.CDLL(None, use_errno=True)  # loaded before any fork: a child of a threaded process must not load
_PR_SET_PDEATHSIG = 1
_FIRST_PAUSE_S, _MOST_PAUSE_S, _STEADY_S = 0.2, 5.0, 10.0  # as for the queue server


@dataclass(frozen=True, slots=True)
class Role:
    """One process to be kept alive."""

    name: str
    command: Callable[[int], Sequence[str]]  # number of the start → argv; a new start may need a new name
    environment: Mapping[str, str] = field(default_factory=dict)
    log: Path | None = None  # its output; None = ours
    pid_file: Path | None = None  # where its process id stands, for tools and tests


class Supervisor:
    """Runs roles until stopped. `on_death(role, start number, pid)` is called before a restart."""

    def __init__(self, roles: Sequence[Role], *, on_death: Callable[[Role, int, int], None] | None = None) -> None:
        self._roles = tuple(roles)
        self._on_death = on_death
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._threads = [threading.Thread(target=self._keep, args=(role,), name=role.name) for role in self._roles]

    def start(self) -> None:
        """Starts everything. Once."""
        for thread in self._threads:
            thread.start()

    def pid(self, name: str) -> int | None:
        """Process id of a role now; None while it is between two lives."""
        with self._lock:
            child = self._children.get(name)
        return child.pid if child is not None and child.poll() is None else None

    def stop(self, *, patience_s: float = 15.0) -> None:
        """Asks all to end, waits, then insists."""
        self._stop.set()
        with self._lock:
            children = tuple(self._children.values())
        for child in children:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        end = time.monotonic() + patience_s
        for child in children:
            try:
                child.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
        for thread in self._threads:
            thread.join(5.0)

    def _keep(self, role: Role) -> None:
        """Until the end. Nothing may break it: a role that nobody keeps would be missed by nobody."""
        pause, number = _FIRST_PAUSE_S, 0
        while not self._stop.is_set():
            number += 1
            began = time.monotonic()
            ended = self._live(role, number)
            if self._stop.is_set():
                return
            steady = time.monotonic() - began > _STEADY_S
            pause = _FIRST_PAUSE_S if steady else min(pause * 2, _MOST_PAUSE_S)
            where = f", see {role.log}" if role.log is not None else ""
            log.error("%s %s, starts again in %.1f s (start %d)%s", role.name, ended, pause, number + 1, where)
            self._stop.wait(pause)

    def _live(self, role: Role, number: int) -> str:
        """One life of a role; says how it ended."""
        try:
            child = self._spawn(role, number)
        except Exception as error:
            log.exception("%s cannot be started", role.name)
            return f"could not be started ({type(error).__name__})"
        if child is None:
            return "was not started"
        code = child.wait()
        if not self._stop.is_set() and self._on_death is not None:
            try:
                self._on_death(role, number, child.pid)
            except Exception:
                log.exception("%s: what follows its death broke", role.name)
        return f"ended with {code}"

    def _spawn(self, role: Role, number: int) -> subprocess.Popen[bytes] | None:
        """None: the end was asked for in between."""
        output = role.log.open("ab") if role.log is not None else None
        try:
            with self._lock:  # `stop` looks under it: nothing may be started behind its back
                if self._stop.is_set():
                    return None
                child = subprocess.Popen(
                    list(role.command(number)),
                    env={**os.environ, **role.environment},
                    stdout=output,
                    stderr=subprocess.STDOUT if output is not None else None,
                    stdin=subprocess.DEVNULL,
                    preexec_fn=functools.partial(_end_with_owner, os.getpid()),
                )
                self._children[role.name] = child
        finally:
            if output is not None:
                output.close()
        if role.pid_file is not None:
            try:
                role.pid_file.write_text(f"{child.pid}\n", encoding="ascii")
            except OSError as error:
                log.warning("%s runs, but its process id could not be written: %s", role.name, error)
        return child


def _end_with_owner(owner: int) -> None:
    """In the child: if its owner dies, even by kill -9, the kernel ends it too."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != owner:  # it died before we asked
        os._exit(1)
