"""What the journal must know of the database server it stands on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection, Engine

from bus.ports import JournalUnavailable


class UnsafeJournal(JournalUnavailable):
    """The server is set so that it could lose what was answered, or cannot hold a journal at all."""


class Server(Protocol):
    """One kind of database server."""

    several_write: bool  # transactions of several processes run side by side: what is changed must be locked

    def lock_schema(self, connection: Connection) -> None:
        """Until the end of the transaction no other process changes the schema."""

    def open_months(self, engine: Engine, months: Iterable[str]) -> None:
        """Makes room ("YYYY-MM") where tables are kept month by month; quick where it is there already."""

    def is_lost(self, error: BaseException) -> bool:
        """The whole transaction is lost, not only one item of it."""

    def scour(self, engine: Engine) -> bool:
        """What was erased leaves the logs too. False = not now, or the server does it by itself."""

    def may_repeat(self, engine: Engine, error: BaseException) -> bool:
        """The transaction was undone by no fault of its own, and may go through if it is done again at once. What
        stood in its way is cleared away where that can be done."""


@dataclass(frozen=True, slots=True)
class Engines:
    """One connection that writes, and a pool of those that only read."""

    writer: Engine
    reader: Engine
    server: Server

    def hold(self, vault: object) -> None:
        """Every connection from now on brings the keys of bodies with it: they are read in many places."""
        for engine in (self.writer, self.reader):
            engine.update_execution_options(vault=vault)

    def dispose(self) -> None:
        """Closes all connections."""
        self.writer.dispose()
        self.reader.dispose()


@contextmanager
def savepoint(connection: Connection) -> Iterator[None]:
    """What is written inside is undone alone if it fails. SQLAlchemy's own costs a tenth of a small transaction."""
    connection.exec_driver_sql("SAVEPOINT run")
    try:
        yield
    except BaseException:
        if not connection.invalidated:
            connection.exec_driver_sql("ROLLBACK TO SAVEPOINT run")
        raise
    connection.exec_driver_sql("RELEASE SAVEPOINT run")
