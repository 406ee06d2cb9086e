"""A PostgreSQL server of our own for one test process: no network, a folder of its own, an unprivileged user.

It dies with the process that started it. Each test gets a database of its own, copied from a migrated one.
"""

from __future__ import annotations

import atexit
import ctypes
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path

import psycopg

from bus.journal.dialect import open_engines
from bus.journal.migrate import upgrade_engines
from bus.journal.moments import months_from
from tests.foreign import path_of

USER = "lienthong"
_SETTINGS = {
    "listen_addresses": "", "max_connections": "200", "shared_buffers": "32MB", "autovacuum_naptime": "5s",
    "logging_collector": "off",
}  # fmt: skip
_PR_SET_PDEATHSIG = 1


@dataclass
class Server:
    """One cluster, stopped and started at will."""

    folder: Path
    settings: dict[str, str] = field(default_factory=lambda: dict(_SETTINGS))
    process: subprocess.Popen[bytes] | None = None
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @classmethod
    def make(cls) -> Server:
        """A new cluster, started."""
        folder = Path(tempfile.mkdtemp(prefix="ltpg"))  # short: a socket's path has no room; not under root's folders
        made = cls(folder)
        if (identity := _unprivileged()) is not None:
            os.chown(folder, *identity)
        command = [
            _program("initdb"), "-D", str(folder / "data"), "-U", USER, "--auth=trust", "--encoding=UTF8",
            "--locale=C.UTF-8", "--no-instructions",
        ]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True, cwd="/", **_as_unprivileged())  # type: ignore[call-overload]  # user and group
        made.start()
        return made

    def start(self) -> None:
        """Starts it and waits until it answers."""
        command = [_program("postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder)]
        for name, value in self.settings.items():
            command += ["-c", f"{name}={value}"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(  # type: ignore[call-overload]  # user and group
                command, stdout=log, stderr=log, cwd="/", preexec_fn=_die_with_parent, **_as_unprivileged()
            )
        for _ in range(600):
            assert self.process.poll() is None, (self.folder / "log").read_text(errors="replace")
            try:
                psycopg.connect(self.conninfo("postgres")).close()
                return
            except psycopg.OperationalError:
                time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text(errors="replace"))

    def kill(self) -> None:
        """Every process of it at once, as when the power goes."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for pid in (self.process.pid, *map(int, children)):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait()

    def stop(self) -> None:
        """In order, cutting all connections."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)

    def remove(self) -> None:
        """Ends it and takes its folder away."""
        if self.process is not None and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def conninfo(self, database: str) -> str:
        """For the driver itself."""
        return f"host={self.folder} user={USER} dbname={database}"

    def url(self, database: str) -> str:
        """For the journal."""
        return f"postgresql+psycopg://{USER}@/{database}?host={self.folder}"

    def run(self, *statements: str, database: str = "postgres") -> None:
        """As its master, each statement by itself."""
        with psycopg.connect(self.conninfo(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[arg-type]  # text made here

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """A database, taken away at the end."""
        name = f"t{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield name
        finally:
            if self.process is not None and self.process.poll() is None:
                self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@cache
def server() -> Server:
    """The one of this test process."""
    made = Server.make()
    atexit.register(made.remove)
    return made


@cache
def migrated(at: datetime) -> str:
    """A database with an empty journal whose months begin with this one, to copy."""
    name = f"migrated_{at:%Y%m}"
    server().run(f"CREATE DATABASE {name}")
    engines = open_engines(server().url(name))
    upgrade_engines(engines)
    engines.server.open_months(engines.writer, months_from(at))
    engines.dispose()
    return name


def _program(name: str) -> str:
    postgres = path_of("postgresql")
    assert postgres is not None
    return str(Path(postgres).resolve().parent / name)


def _unprivileged() -> tuple[int, int] | None:
    """The server refuses to be run by root; the package brings a user for it."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("postgres")
    return entry.pw_uid, entry.pw_gid


def _as_unprivileged() -> dict[str, object]:
    identity = _unprivileged()
    return {} if identity is None else {"user": identity[0], "group": identity[1], "extra_groups": []}


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
