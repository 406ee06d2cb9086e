"""SQLite: write-ahead log, every commit flushed to disk, BEGIN IMMEDIATE for the writer, so that a transaction never
finds at its end that somebody else was quicker. Processes write in turn: see `line.py`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from sqlite3 import SQLITE_BUSY
from sqlite3 import Connection as SqliteConnection
from sqlite3 import OperationalError as SqliteOperationalError

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError, InternalError, OperationalError

from bus.journal.dialect.line import POLL_S, Line
from bus.journal.dialect.server import Engines
from bus.ports import JournalUnavailable

BUSY_TIMEOUT_MS = 15_000
_BEGIN = "BEGIN IMMEDIATE"
PRAGMAS: Mapping[str, str] = {
    "busy_timeout": str(BUSY_TIMEOUT_MS),  # first: the others already need the file
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "foreign_keys": "ON",
    "secure_delete": "ON",  # what is erased is overwritten, also in pages that are free now
    "temp_store": "MEMORY",
    "cache_size": "-16384",  # KiB
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

    def scour(self, engine: Engine) -> bool:
        """Brings the log into the file and cuts it to nothing: older pages of it told what was erased."""
        borrowed = engine.raw_connection()
        try:
            raw = borrowed.driver_connection
            assert isinstance(raw, SqliteConnection)
            busy: int = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            return not busy
        finally:
            borrowed.close()

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
    writer, reader = _engine(address), _engine(address, query_only=True)
    line = Line(Path(f"{address.database}-turn"), wait_s=BUSY_TIMEOUT_MS / 1000)

    @event.listens_for(writer, "begin")
    def _begin_writing(connection: Connection) -> None:
        _begun(connection, line)
        _still_there(connection, Path(str(address.database)))

    @event.listens_for(reader, "begin")
    def _begin_reading(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return Engines(writer, reader, Sqlite())


def _begun(connection: Connection, line: Line) -> None:
    """Waits for the lock in our own way, and tells of it in SQLAlchemy's."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, SqliteConnection)
    with line.first() as awake:
        raw.execute("PRAGMA busy_timeout=0")
        try:
            _until_not_busy(lambda: raw.execute(_BEGIN), every_s=POLL_S, looked=awake)
        except SqliteOperationalError:
            connection.exec_driver_sql(_BEGIN)
        finally:
            raw.execute(f"PRAGMA busy_timeout={PRAGMAS['busy_timeout']}")


def _still_there(connection: Connection, path: Path) -> None:
    """SQLite goes on writing into files that were moved or removed, and says that all is well: what is accepted then
    is gone with the process. Whoever took them away puts them back, or the process is restarted on purpose."""
    known = connection.info.setdefault("files", {})
    for file in (path, Path(f"{path}-wal")):
        try:
            found = os.stat(file).st_ino
        except OSError:
            found = 0
        if known.setdefault(file.name, found) != found or not found:
            raise JournalUnavailable(f"{file} đã bị dời hay xoá / was moved or removed under a running journal")


def _make_private(path: Path) -> None:
    """The file holds citizens' data: nobody else on the host may read it. The log beside it inherits this."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _until_not_busy(run: Callable[[], object], *, every_s: float, looked: Callable[[], None] = lambda: None) -> None:
    """Again and again while another process holds the file, as long as the busy timeout is."""
    give_up = time.monotonic() + int(PRAGMAS["busy_timeout"]) / 1000
    while True:
        try:
            run()
            return
        except SqliteOperationalError as error:
            if error.sqlite_errorcode & 0xFF != SQLITE_BUSY or time.monotonic() > give_up:
                raise
            looked()
            time.sleep(every_s)


def _ask(connection: SqliteConnection, pragma: str) -> None:
    """The first switch to WAL is answered "locked" at once, whatever the busy timeout, while another process makes
    the same switch."""
    _until_not_busy(lambda: connection.execute(pragma), every_s=0.02)


def _engine(address: sa.URL, *, query_only: bool = False) -> Engine:
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
            connection.execute("PRAGMA cache_size=-2048")  # there are many readers; the system's cache serves them all

    return engine
