"""SQLite: write-ahead log, every commit flushed to disk, BEGIN IMMEDIATE for the writer, so that a transaction never
finds at its end that somebody else was quicker.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from sqlite3 import SQLITE_BUSY
from sqlite3 import Connection as SqliteConnection
from sqlite3 import OperationalError as SqliteOperationalError

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError, InternalError, OperationalError

from bus.journal.dialect.server import Engines

BUSY_TIMEOUT_MS = 15_000
PRAGMAS: Mapping[str, str] = {
    "busy_timeout": str(BUSY_TIMEOUT_MS),  # first: the others already need the file
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "foreign_keys": "ON",
    "temp_store": "MEMORY",
    "cache_size": "-32768",  # KiB
    "wal_autocheckpoint": "4000",  # pages
}


class Sqlite:
    """One writes at a time, so nothing has to be locked; and it waits for the lock by itself."""

    several_write = False

    def lock_schema(self, connection: Connection) -> None:
        """BEGIN IMMEDIATE has done that."""

    def open_months(self, engine: Engine, months: Iterable[str]) -> None:
        """Tables are whole."""

    def is_lost(self, error: BaseException) -> bool:
        """Disk full, lock not got, file gone."""
        return isinstance(error, OperationalError | InternalError) or (
            isinstance(error, DBAPIError) and error.connection_invalidated
        )

    def may_repeat(self, engine: Engine, error: BaseException) -> bool:
        """Never: it has waited long enough."""
        return False


def open_engines(address: sa.URL) -> Engines:
    """Engines for a file. Its folder is made if it is missing.

    Raises:
        ValueError: an address in memory.
    """
    if address.database in (None, "", ":memory:"):
        raise ValueError("a journal in memory would lose what it accepted: use bus.journal.MemoryJournal in tests")
    _make_private(Path(str(address.database)))
    return Engines(
        _engine(address, begin="BEGIN IMMEDIATE", query_only=False),
        _engine(address, begin="BEGIN", query_only=True),
        Sqlite(),
    )


def _make_private(path: Path) -> None:
    """The file holds citizens' data: nobody else on the host may read it. The log beside it inherits this."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _ask(connection: SqliteConnection, pragma: str) -> None:
    """The first switch to WAL is answered "locked" at once, whatever the busy timeout, while another process makes
    the same switch."""
    give_up = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute(pragma)
            return
        except SqliteOperationalError as error:
            if error.sqlite_errorcode != SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(0.02)


def _engine(address: sa.URL, *, begin: str, query_only: bool) -> Engine:
    engine = sa.create_engine(
        address, pool_size=8, max_overflow=24, connect_args={"check_same_thread": False, "timeout": 15},
        hide_parameters=True,  # an error's text is logged: it must not carry what was to be written
    )  # fmt: skip

    @event.listens_for(engine, "connect")
    def _connected(connection: SqliteConnection, _record: object) -> None:
        connection.isolation_level = None  # sqlite3 must not begin transactions by itself
        for name, value in PRAGMAS.items():
            _ask(connection, f"PRAGMA {name}={value}")
        if query_only:
            connection.execute("PRAGMA query_only=ON")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
