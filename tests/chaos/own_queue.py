"""A queue server that is nobody's child but ours: its fsync policy, its files and its memory are for the scenario."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import struct
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import redis

from bus.queue.binaries import choose
from tests.chaos.preload import preload

_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
_START_S = 20.0
_CANARY = "chaos:acknowledged"


@dataclass(slots=True)
class OwnQueue:
    """One server on a port of the loopback. With `watched` it is known what its disk holds after a power cut."""

    folder: Path
    fsync: str = "always"
    watched: bool = False
    port: int = field(default_factory=lambda: free_port())
    _process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """For clients."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        """Of the server that runs now."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Starts it on what its files hold; returns when it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        options = {
            "port": str(self.port), "bind": "127.0.0.1", "dir": str(self.folder.resolve()), "logfile": "server.log",
            "save": "", "appendonly": "yes", "appendfsync": self.fsync, "aof-use-rdb-preamble": "no",
            "maxmemory-policy": "noeviction", "auto-aof-rewrite-percentage": "0",
        }  # fmt: skip
        command = [str(choose({}).path), *(word for name, value in options.items() for word in (f"--{name}", value))]
        self._process = subprocess.Popen(
            command, env=self._environment(), stdout=subprocess.DEVNULL, preexec_fn=_end_with_parent
        )
        end = time.monotonic() + _START_S
        while True:
            try:
                with self.client() as server:
                    server.ping()
                return
            except redis.RedisError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def client(self) -> redis.Redis:
        """A client of it, not through any proxy."""
        return redis.Redis.from_url(self.address, socket_timeout=5)

    def cut_to_last_fsync(self) -> int:
        """Takes from the dead server's files what its disk had not been told to keep. Returns how many bytes."""
        gone = 0
        for file in (self.folder / "appendonlydir").glob("*.aof"):
            told = self.folder / "synced" / file.name
            kept = struct.unpack("q", told.read_bytes())[0] if told.exists() else 0
            gone += max(0, file.stat().st_size - kept)
            os.truncate(file, min(kept, file.stat().st_size))
        return gone

    def _environment(self) -> dict[str, str]:
        if not self.watched:
            return dict(os.environ)
        kept = self.folder / "synced"
        kept.mkdir(exist_ok=True)
        shown = {"SYNCED_OF": str((self.folder / "appendonlydir").resolve()), "SYNCED_IN": str(kept.resolve())}
        return {**os.environ, "LD_PRELOAD": str(preload("synced_size", self.folder)), **shown}


@dataclass(slots=True)
class Canary:
    """Counts up in the queue's server and knows what was acknowledged: whatever is less afterwards was lost."""

    queue: OwnQueue
    acknowledged: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins to count."""
        self._thread = threading.Thread(target=self._count, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """What was acknowledged."""
        self._stop.set()
        assert self._thread is not None
        self._thread.join()
        return self.acknowledged

    def found(self) -> int:
        """What the server knows now."""
        with self.queue.client() as server:
            return int(server.get(_CANARY) or 0)

    def _count(self) -> None:
        with self.queue.client() as server:
            while not self._stop.wait(0.002):
                try:
                    self.acknowledged = int(server.incr(_CANARY))
                except redis.RedisError:
                    return


def free_port() -> int:
    """A port of the loopback that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _end_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
