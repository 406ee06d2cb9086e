"""Engines, and all that is peculiar to one database. The only module that knows which one it is.

SQLite: write-ahead log, every commit flushed to disk, BEGIN IMMEDIATE for the writer, so that a transaction never
finds at its end that somebody else was quicker.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection as SqliteConnection

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event

BUSY_TIMEOUT_MS = 15_000
SQLITE_PRAGMAS: Mapping[str, str] = {
    "busy_timeout": str(BUSY_TIMEOUT_MS),  # first: the others already need the file
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "foreign_keys": "ON",
    "temp_store": "MEMORY",
    "cache_size": "-32768",  # KiB
    "wal_autocheckpoint": "4000",  # pages
}


@dataclass(frozen=True, slots=True)
class Engines:
    """One connection that writes, and a pool of those that only read."""

    writer: Engine
    reader: Engine

    def dispose(self) -> None:
        """Closes all connections."""
        self.writer.dispose()
        self.reader.dispose()


def open_engines(url: str) -> Engines:
    """Engines for a journal's address. The folder of an SQLite file is made if it is missing."""
    address = sa.make_url(url)
    if address.get_backend_name() != "sqlite":
        return Engines(sa.create_engine(address, pool_size=1, max_overflow=1), sa.create_engine(address, pool_size=8))
    if address.database in (None, "", ":memory:"):
        raise ValueError("a journal in memory would lose what it accepted: use bus.journal.MemoryJournal in tests")
    _make_private(Path(str(address.database)))
    return Engines(
        _sqlite(address, begin="BEGIN IMMEDIATE", query_only=False), _sqlite(address, begin="BEGIN", query_only=True)
    )


def _make_private(path: Path) -> None:
    """The file holds citizens' data: nobody else on the host may read it. The log beside it inherits this."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _sqlite(address: sa.URL, *, begin: str, query_only: bool) -> Engine:
    engine = sa.create_engine(
        address, pool_size=8, max_overflow=24, connect_args={"check_same_thread": False, "timeout": 15}
    )

    @event.listens_for(engine, "connect")
    def _connected(connection: SqliteConnection, _record: object) -> None:
        connection.isolation_level = None  # sqlite3 must not begin transactions by itself
        for name, value in SQLITE_PRAGMAS.items():
            connection.execute(f"PRAGMA {name}={value}")
        if query_only:
            connection.execute("PRAGMA query_only=ON")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
