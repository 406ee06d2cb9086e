"""A PostgreSQL server as journal, on a port of the loopback so that a faulty line can lead to it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tests.chaos.disk import CannotRun
from tests.chaos.own_queue import free_port
from tests.contract.journal_server import USER, Server
from tests.foreign import path_of

NAME = "lienthong"


@dataclass
class Database(Server):
    """One cluster with one empty database."""

    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.settings |= {"listen_addresses": "127.0.0.1", "port": str(self.port)}

    def conninfo(self, database: str) -> str:
        """For the driver itself."""
        return f"host=127.0.0.1 port={self.port} user={USER} dbname={database}"

    def url(self, database: str) -> str:
        """For the journal, straight."""
        return address(f"127.0.0.1:{self.port}", database)

    def everybody(self) -> tuple[int, ...]:
        """All its processes, the first one first."""
        assert self.process is not None
        first = self.process.pid
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        return (first, *map(int, children))

    def age_offers(self, *, over_us: int, until_us: int) -> None:
        """See the stage."""
        with psycopg.connect(self.conninfo(NAME), autocommit=True) as connection:
            connection.execute(
                "UPDATE deliveries SET offered_us = %s WHERE open = 1 AND offered_us > %s AND offered_us < %s",
                (over_us, over_us, until_us),
            )


def address(where: str, database: str = NAME) -> str:
    """For the journal."""
    return f"postgresql+psycopg://{USER}@{where}/{database}"


@contextmanager
def database() -> Iterator[Database]:
    """Started, with an empty database; gone with the block.

    Raises:
        CannotRun: no PostgreSQL on this machine.
    """
    if path_of("postgresql") is None:
        raise CannotRun("no PostgreSQL on this machine")
    made = Database.make()
    assert isinstance(made, Database)
    try:
        made.run(f"CREATE DATABASE {NAME}")
        yield made
    finally:
        for pid in made.everybody() if made.process is not None and made.process.poll() is None else ():
            os.kill(pid, signal.SIGCONT)
        made.remove()
