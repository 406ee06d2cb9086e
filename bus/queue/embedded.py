"""The private server: started by us on a unix socket, kept alive, gone when its owner is.

Folder: `owner.lock` (held by the owner *and* by the server, so that no second server ever writes there),
`server.json` (kind, version, socket of the server that wrote the files), `server.log`, the append-only files.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from bus.queue.binaries import Program, choose
from schemas.problem import Refused, Stage, problem

log = logging.getLogger("lienthong.queue")

_LONGEST_SOCKET = 103  # bytes; the kernel's limit is 107, other systems' 103
_SLOWEST_PAUSE_S = 5.0
_STEADY_S = 10.0  # up for so long: the next fault is a new one
_UNBORN = 2  # lives without an answer before the files are suspected
_BROKEN = ("Bad file format reading the append only file", "Unrecoverable error reading the append only file")
_LOOK_S = 0.2

# Runs between fork and the server: asks the kernel to end this process with its parent, then becomes the server.
# Not `preexec_fn`, which may dead-lock in a process with threads.
_LAUNCH = """
import ctypes, os, signal, sys
owner = int(sys.argv[1])
if sys.platform == "linux":
    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGTERM, 0, 0, 0)
if os.getppid() != owner:
    raise SystemExit("owner is gone")
os.execv(sys.argv[2], sys.argv[2:])
"""


class EmbeddedServer:
    """One server per folder. The first process owns and supervises it; later ones attach, and take over when the
    owner goes. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket = _socket_path(folder)
        self._lock_file: int | None = None  # open while we own
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._answered = threading.Event()
        self._refused: Refused | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where clients connect; final once `start` has returned."""
        return f"unix://{self._socket}"

    @property
    def owner(self) -> bool:
        """This process runs the server, rather than being attached to another's."""
        return self._lock_file is not None

    @property
    def pid(self) -> int:
        """Of the server, if this process owns it; 0 = not (now)."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else 0

    def start(self, *, timeout_s: float = 30.0) -> None:
        """Returns when the server answers; from then on it is supervised.

        Raises:
            Refused: no usable program, or it did not start in time.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._socket.parent.stat().st_uid != os.getuid():
            raise self._not_started(f"{self._socket.parent} belongs to somebody else")
        self._thread = threading.Thread(target=self._supervise, name="queue-server", daemon=True)
        self._thread.start()
        until = time.monotonic() + timeout_s
        while not self._answered.wait(_LOOK_S):
            if self._refused is not None or time.monotonic() > until:
                self.stop()
                raise self._refused or self._not_started("no answer in time")

    def stop(self) -> None:
        """Ends supervision, and the server if this process owns it."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    # -- supervision: everything below runs in one thread, because the kernel ends the server with the *thread*
    #    that started it --

    def _supervise(self) -> None:
        pause_s = 0.0
        unborn = 0  # lives in a row that never answered
        try:
            while not self._stopping.wait(pause_s):
                if not self._own():
                    self._attach()
                    pause_s = _LOOK_S
                    continue
                started = time.monotonic()
                unborn = 0 if self._run() else unborn + 1
                if unborn >= _UNBORN and self._file_is_broken():
                    self._set_aside()
                steady = time.monotonic() - started > _STEADY_S
                pause_s = 0.1 if steady or not pause_s else min(pause_s * 2, _SLOWEST_PAUSE_S)
        except Refused as refused:
            self._refused = refused
            log.error("queue server: %s", refused)
        finally:
            self._end()

    def _own(self) -> bool:
        if self._lock_file is not None:
            return True
        lock = os.open(self._folder / "owner.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        self._lock_file = lock
        return True

    def _attach(self) -> None:
        if self._answered.is_set():
            return
        self._socket = Path(str(self._record().get("socket", self._socket)))  # where the owner put it
        if _answers(self._socket):
            self._answered.set()

    def _run(self) -> bool:
        """One life of the server. True: it answered."""
        program = choose(self._record())
        assert self._lock_file is not None
        self._process = process = subprocess.Popen(
            [
                sys.executable,
                "-I",
                "-S",
                "-c",
                _LAUNCH,
                str(os.getpid()),
                *_command(program, self._folder, self._socket),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(self._lock_file,),
            start_new_session=True,  # a Ctrl-C at the terminal is for the owner, who then ends it in order
        )
        reached = False
        while process.poll() is None and not self._stopping.is_set():
            if not reached and _answers(self._socket):
                reached = True
                if not self._answered.is_set():
                    self._write_record(program)
                    self._answered.set()
            elif reached and not self._socket.exists():
                process.terminate()  # somebody tidied the socket away: nobody new can reach it
            try:
                process.wait(_LOOK_S if self._answered.is_set() else 0.01)
            except subprocess.TimeoutExpired:
                continue
        if not self._stopping.is_set():
            log.warning("queue server ended with %s; starting it again", process.returncode)
        return reached

    def _file_is_broken(self) -> bool:
        """The server itself says, last of all, that it cannot read its append-only file."""
        log_file = self._folder / "server.log"
        said = log_file.read_text(encoding="utf-8", errors="replace").splitlines()[-20:] if log_file.exists() else []
        return any(words in line for line in said for words in _BROKEN)

    def _set_aside(self) -> None:
        """Begins empty and keeps the broken files: everything in them stands in the journal, from which the queue is
        rebuilt."""
        kept = self._folder / f"appendonlydir.broken-{int(time.time())}"
        (self._folder / "appendonlydir").rename(kept)
        log.error("the queue's file cannot be read: kept as %s; the queue is rebuilt from the journal", kept.name)

    def _end(self) -> None:
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    # -- the folder --

    def _record(self) -> Mapping[str, object]:
        try:
            record = json.loads((self._folder / "server.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return record if isinstance(record, dict) else {}

    def _write_record(self, program: Program) -> None:
        record = {"kind": program.kind, "version": list(program.version), "socket": str(self._socket)}
        draft = self._folder / "server.json.new"
        draft.write_text(json.dumps(record), encoding="utf-8")
        draft.replace(self._folder / "server.json")

    def _not_started(self, reason: str) -> Refused:
        journal = self._folder / "server.log"
        lines = journal.read_text(encoding="utf-8", errors="replace").splitlines() if journal.exists() else []
        last = lines[-1] if lines else reason
        return Refused((problem("LT-QUE-003", Stage.CONFIGURE, {"reason": last, "log": journal}),))


def _socket_path(folder: Path) -> Path:
    """Inside the folder; where its path is too long for the kernel, in a private folder of this user named after it."""
    inside = folder.absolute() / "queue.sock"
    if len(os.fsencode(inside)) <= _LONGEST_SOCKET:
        return inside
    digest = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"lienthong-{os.getuid()}-{digest}" / "q.sock"


def _command(program: Program, folder: Path, place: Path) -> list[str]:
    options = {
        "port": "0",  # no network
        "unixsocket": str(place),
        "unixsocketperm": "700",
        "dir": str(folder.absolute()),
        "logfile": "server.log",
        "daemonize": "no",
        "save": "",
        "appendonly": "yes",
        "appendfsync": "always",
        "aof-use-rdb-preamble": "no",  # plain commands: readable by every kind of server
        "maxmemory-policy": "noeviction",
        "databases": "1",
    }
    return [str(program.path), *(word for name, value in options.items() for word in (f"--{name}", value))]


def _answers(place: Path) -> bool:
    """Whether a server at the socket has finished loading."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire:
        wire.settimeout(1.0)
        try:
            wire.connect(str(place))
            wire.sendall(b"PING\r\n")
            return wire.recv(16).startswith(b"+PONG")
        except OSError:
            return False
