"""PostgreSQL: transactions of several processes side by side, READ COMMITTED with row locks, months in partitions.

A server that could lose a commit it reported is refused, and its word is held to for the whole session. Whoever is
stopped in the middle of a transaction loses it before the others tire of waiting.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any  # rows of the driver

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError, InternalError, OperationalError, ProgrammingError

from bus.journal.dialect.server import Engines, UnsafeJournal

if TYPE_CHECKING:  # importing the driver costs a fifth of a second where SQLite is used
    from psycopg import Connection as PostgresqlConnection

log = logging.getLogger("lienthong.journal")

OLDEST = 130_000  # as the server numbers its versions
LOCK_TIMEOUT_MS = 5_000  # three tries are less than a door waits
IDLE_TIMEOUT_MS = 4_000  # in a transaction; shorter than the above
PARTITIONED = (
    "messages",
    "bodies",
    "problems",
    "deliveries",
    "intents",
    "attempts",
    "actions",
    "entries",
    "examinations",
)
_DRIVER = "postgresql+psycopg"
_LOCK = 0x6C69656E74686F  # "lientho": our own advisory lock
_CONNECT = {
    "connect_timeout": "10", "client_encoding": "utf8", "fallback_application_name": "lienthong", "keepalives": "1",
    "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3", "tcp_user_timeout": "30000",
}  # fmt: skip
_CHECK = """
SELECT current_setting('server_version_num')::int, current_setting('server_encoding'), current_setting('fsync'),
       current_setting('synchronous_commit'), pg_is_in_recovery()
"""
# Everything is found by an index; while a table is young the planner does not know yet that it will not stay small.
_BY_INDEX = ("SET enable_seqscan = off", "SET jit = off")
_WRITER = (
    *_BY_INDEX,
    "SET plan_cache_mode = force_generic_plan",  # else every foreign key into a partition is planned anew, row by row
    "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE",
    f"SET lock_timeout = {LOCK_TIMEOUT_MS}",
    f"SET idle_in_transaction_session_timeout = {IDLE_TIMEOUT_MS}",
)
_READER = (
    *_BY_INDEX,
    "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",  # one moment for all
    f"SET idle_in_transaction_session_timeout = {15 * IDLE_TIMEOUT_MS}",
)
_LOCK_TIMED_OUT = "55P03"
_END_SLEEPERS = f"""
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
  AND application_name = current_setting('application_name') AND backend_xid IS NOT NULL
  AND wait_event = 'ClientRead' AND state_change < clock_timestamp() - interval '{IDLE_TIMEOUT_MS} milliseconds'
"""  # noqa: S608 -- a number of ours
_REPEATABLE = frozenset(("40001", "40P01"))  # serialization failure, deadlock
_GONE = frozenset(("08", "57"))  # classes: connection lost, server shut down or restarting
_MONTH = re.compile(r"\d{4}-\d{2}", re.ASCII)
_PARTITION_LOCK = "SET LOCAL lock_timeout = 2000"  # everybody queues behind this one while it waits


class Postgresql:
    """See the module."""

    several_write = True

    def lock_schema(self, connection: Connection) -> None:
        """An advisory lock: there may be no table yet to lock. Who has it may take its time, and so may we."""
        connection.connection.driver_connection.patience_s = None  # type: ignore[union-attr]  # a PatientConnection
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")

    def open_months(self, engine: Engine, months: Iterable[str]) -> None:
        """A partition for each table and month. One transaction each: nobody holds two such locks at once.

        What came for a month that has none lies in the partition `…_rest`; that month then stays there.
        """
        wanted = list(_partitions(months))
        with engine.begin() as connection:
            made = set(connection.exec_driver_sql("SELECT relname FROM pg_class WHERE relispartition").scalars())
        for table, month, name in wanted:
            if name not in made:
                with engine.begin() as connection:
                    connection.exec_driver_sql(_PARTITION_LOCK)
                    self._make_partition(connection, table, month, name)

    def _make_partition(self, connection: Connection, table: str, month: str, name: str) -> None:
        self.lock_schema(connection)
        late = f"SELECT EXISTS (SELECT 1 FROM {table}_rest WHERE month = '{month}')"  # noqa: S608 -- both are ours
        if not connection.exec_driver_sql(late).scalar_one():
            connection.exec_driver_sql(
                f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF {table} FOR VALUES IN ('{month}')"
            )

    def is_lost(self, error: BaseException) -> bool:
        """Connection gone, deadlock, lock not got, disk full, rights or tables missing."""
        return isinstance(error, OperationalError | InternalError | ProgrammingError) or (
            isinstance(error, DBAPIError) and error.connection_invalidated
        )

    def scour(self, engine: Engine) -> bool:
        """Its own vacuum does that, and its log is cut by its own rules."""
        return False

    def may_repeat(self, engine: Engine, error: BaseException) -> bool:
        """Two that waited for each other; a connection that was broken; a lock held by one that sleeps."""
        if not isinstance(error, DBAPIError):
            return False
        state = getattr(error.orig, "sqlstate", None) or ""
        if state == _LOCK_TIMED_OUT:
            self._end_sleepers(engine)
            return True
        return error.connection_invalidated or state in _REPEATABLE or state[:2] in _GONE

    def _end_sleepers(self, engine: Engine) -> None:
        """The server ends a transaction that is idle, but not one whose client was stopped between two statements
        that it sends without waiting: to the server that one is busy."""
        with engine.begin() as connection:
            ended = connection.exec_driver_sql(_END_SLEEPERS).scalars().all()
        if ended:
            log.warning("ended %d transactions of processes that do not go on", len(ended))


def open_engines(address: sa.URL) -> Engines:
    """Engines for a database. Nothing is connected yet."""
    address = address.set(drivername=_DRIVER)
    given = {name: value for name, value in _CONNECT.items() if name not in address.query}
    # hide_parameters: an error's text is logged, it must not carry what was to be written.
    writer = sa.create_engine(address, pool_size=1, max_overflow=1, connect_args=given, hide_parameters=True)
    reader = sa.create_engine(
        address, pool_size=8, max_overflow=24, pool_pre_ping=True, connect_args=given, hide_parameters=True
    )
    for engine in (writer, reader):
        event.listen(engine, "do_connect", _connect)
        event.listen(engine, "checkin", _returned)
    event.listen(writer, "connect", _writer_connected)
    event.listen(reader, "connect", _reader_connected)
    return Engines(writer, reader, Postgresql())


def _connect(_dialect: object, _record: object, _given: object, options: dict[str, Any]) -> object:
    from bus.journal.dialect.patient import PatientConnection  # imports the driver: see above

    return PatientConnection.connect(**options)


def _returned(connection: Any, _record: object) -> None:  # a PatientConnection; None where it is gone
    """Patience without end is for one transaction."""
    if connection is not None:
        connection.__dict__.pop("patience_s", None)


def _writer_connected(connection: PostgresqlConnection[Any], _record: object) -> None:  # Any: rows are tuples
    connection.autocommit = True  # settings are of the session, not of a transaction
    version, encoding, fsync, synchronous_commit, standby = connection.execute(_CHECK).fetchall()[0]
    _refuse_unsafe(version, encoding, fsync, synchronous_commit, standby=standby)
    for statement in _WRITER:
        connection.execute(statement)
    # Held to for the session: a reload of the server's configuration changes it no more.
    connection.execute("SELECT set_config('synchronous_commit', %s, false)", (synchronous_commit,))
    connection.autocommit = False


def _reader_connected(connection: PostgresqlConnection[Any], _record: object) -> None:  # Any: rows are tuples
    connection.autocommit = True
    for statement in _READER:
        connection.execute(statement)
    connection.autocommit = False


def _refuse_unsafe(version: int, encoding: str, fsync: str, synchronous_commit: str, *, standby: bool) -> None:
    """Raises UnsafeJournal."""
    if version < OLDEST:
        raise UnsafeJournal(f"PostgreSQL {OLDEST // 10_000} trở lên / or newer is needed, found {version // 10_000}")
    if encoding != "UTF8":
        raise UnsafeJournal(f"cơ sở dữ liệu phải là UTF8 / the database must be UTF8, found {encoding}")
    for name, value in (("fsync", fsync), ("synchronous_commit", synchronous_commit)):
        if value == "off":
            raise UnsafeJournal(f"{name} = off: có thể mất điều đã trả lời / what was answered could be lost")
    if standby:
        raise UnsafeJournal("máy chủ dự phòng, không ghi được / a standby server cannot be written")


def _partitions(months: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    for month in months:
        if not _MONTH.fullmatch(month):
            raise ValueError(f"not a month: {month!r}")
        for table in PARTITIONED:
            yield table, month, f"{table}_{month.replace('-', '_')}"
