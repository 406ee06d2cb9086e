"""The one writer thread of a process: what waits is written in one transaction, and answered after its commit.

Work items of one kind that wait side by side are one run, written in bulk inside one savepoint. If a run fails, its
items are written one by one, each inside its own savepoint: one bad item does not spoil the others.
"""

from __future__ import annotations

import itertools
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any  # argument and result types differ by job; `submit` ties them together

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, InternalError, OperationalError, SQLAlchemyError

from bus.journal import tables as t
from bus.journal.chain import GENESIS, Link, writer_name
from bus.journal.moments import to_us
from bus.journal.unit import Unit
from bus.ports import JournalUnavailable

log = logging.getLogger("lienthong.journal")

BATCH = 64
_TRIES = 3  # of one item, when another process was quicker with the same key
_END = object()

Job = Callable[[Unit, Sequence[Any]], Sequence[Any]]  # Any: see above; one result per argument, in order


@dataclass(slots=True)
class _Work:
    job: Job
    argument: Any  # Any: see above
    future: Future[Any] = field(default_factory=Future)
    result: Any = None
    error: BaseException | None = None


class Writer:
    """Thread-safe. Results are seen only after the commit reached the disk."""

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        self.name = writer_name()
        self._engine = engine
        self._now = now
        self._waiting: queue.SimpleQueue[_Work | object] = queue.SimpleQueue()
        self._link: Link | None = Link(0, GENESIS)
        self._closed = threading.Event()
        self._gate = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="journal-writer", daemon=True)
        self._thread.start()

    def submit(self, job: Job, argument: Any) -> Future[Any]:  # Any: see above
        """Queues one work item."""
        work = _Work(job, argument)
        with self._gate:  # nothing may be queued behind the end
            if self._closed.is_set():
                work.future.set_exception(JournalUnavailable("the journal is closed"))
                return work.future
            self._waiting.put(work)
        return work.future

    def close(self) -> None:
        """Writes what waits, then ends the thread."""
        with self._gate:
            if not self._closed.is_set():
                self._closed.set()
                self._waiting.put(_END)
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        ended = False
        while not ended:
            batch, ended = self._gather()
            if batch:
                self._write(batch)

    def _gather(self) -> tuple[list[_Work], bool]:
        """Waits for the first item, takes what waits behind it."""
        batch: list[_Work] = []
        item = self._waiting.get()
        while True:
            if not isinstance(item, _Work):
                return batch, True
            if item.future.set_running_or_notify_cancel():
                batch.append(item)
            if len(batch) >= BATCH:
                return batch, False
            try:
                item = self._waiting.get_nowait()
            except queue.Empty:
                return batch, False

    def _write(self, batch: list[_Work]) -> None:
        try:
            with self._engine.begin() as connection:
                link = self._last_link(connection)
                end = self._write_runs(connection, batch, link)
                if end != link:
                    self._note(connection, end, first=link.number == 0)
            self._link = end
        except Exception as error:
            self._link = None  # the commit may have happened all the same: read it back
            if not isinstance(error, SQLAlchemyError):
                log.exception("journal writer broke")
            for work in batch:
                work.error = JournalUnavailable(f"the journal cannot be written: {error}")
                work.error.__cause__ = error
        for work in batch:
            if work.error is None:
                work.future.set_result(work.result)
            else:
                work.future.set_exception(work.error)

    def _write_runs(self, connection: Connection, batch: list[_Work], link: Link) -> Link:
        for job, run in itertools.groupby(batch, key=lambda work: work.job):
            works = list(run)
            try:
                link = self._write_run(connection, job, works, link)
            except Exception as error:
                if _is_lost(error):
                    raise
                for work in works:
                    link = self._write_alone(connection, job, work, link)
        return link

    def _write_run(self, connection: Connection, job: Job, works: list[_Work], link: Link) -> Link:
        unit = Unit(connection, writer=self.name, link=link, now_us=to_us(self._now()))
        with connection.begin_nested():
            results = job(unit, [work.argument for work in works])
            unit.flush()
        for work, result in zip(works, results, strict=True):
            work.result, work.error = result, None
        return unit.link

    def _write_alone(self, connection: Connection, job: Job, work: _Work, link: Link) -> Link:
        for left in reversed(range(_TRIES)):
            try:
                return self._write_run(connection, job, [work], link)
            except IntegrityError as error:
                if not left:
                    work.error = JournalUnavailable(f"the journal refuses: {error.orig}")
                    work.error.__cause__ = error
                time.sleep(0.005)
            except Exception as error:
                if _is_lost(error):
                    raise
                work.error = error
                break
        return link

    def _last_link(self, connection: Connection) -> Link:
        if self._link is None:
            row = connection.execute(sa.select(t.writers).where(t.writers.c.writer == self.name)).one_or_none()
            self._link = Link(row.number, row.hash) if row is not None else Link(0, GENESIS)
        return self._link

    def _note(self, connection: Connection, link: Link, *, first: bool) -> None:
        values = {"number": link.number, "hash": link.hash, "at_us": to_us(self._now())}
        if first:
            connection.execute(sa.insert(t.writers), {"writer": self.name, **values})
        else:
            connection.execute(sa.update(t.writers).where(t.writers.c.writer == self.name).values(values))


def _is_lost(error: BaseException) -> bool:
    """The whole transaction is lost (disk full, lock not got, connection gone), not only one item."""
    return isinstance(error, OperationalError | InternalError) or (
        isinstance(error, DBAPIError) and error.connection_invalidated
    )
