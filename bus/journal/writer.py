"""The one writer thread of a process: what waits is written in one transaction, and answered after its commit.

What comes while the transaction waits to begin is written in it too. Work items of one kind are one run, written in
bulk inside one savepoint; kinds come in one order: who hands over two items without waiting for the first cannot say
which is written first. If a run fails, its items are written one by one, each inside its own savepoint: one bad item
does not spoil the others.

Where several processes write at once, locks are so taken in one order; a run that met somebody else's new key is done
again, and so is a transaction that the server undid before its commit.
"""

from __future__ import annotations

import itertools
import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any  # argument and result types differ by job; `submit` ties them together

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from bus.journal import tables as t
from bus.journal.burden import size_of, touch_of
from bus.journal.chain import GENESIS, Link, writer_name
from bus.journal.dialect import Engines, savepoint
from bus.journal.locks import Locks
from bus.journal.moments import months_from, to_us
from bus.journal.tally import added, written
from bus.journal.unit import Unit
from bus.ports import JournalRefuses, JournalUnavailable

log = logging.getLogger("lienthong.journal")

BATCH = 64
BATCH_BYTES = 8 * 1024 * 1024  # of packed bodies; the item that reaches it is the last one taken
_TRIES = 3  # of one item, when another process was quicker with the same key
_AGAIN_S = 3600.0  # until the partitions of a new month are tried again
_END = object()
_LINGER_S = 0.003  # after a commit of several: the next is not one of a single item, which costs as much
_w = t.writers.c
_FIRST_NOTE = sa.insert(t.writers)
_NOTE = (
    sa.update(t.writers)
    .where(_w.writer == sa.bindparam("b_writer"))
    .values({name: sa.bindparam(f"b_{name}") for name in ("number", "hash", "at_us", "tally")})
)

Job = Callable[[Unit, Sequence[Any]], Sequence[Any]]  # Any: see above; one result per argument, in order


@dataclass(slots=True)
class _Work:
    job: Job
    argument: Any  # Any: see above
    future: Future[Any] = field(default_factory=Future)
    result: Any = None
    error: BaseException | None = None


@dataclass(slots=True)
class _Step:
    """Where one job is carried out."""

    connection: Connection
    job: Job
    locks: Locks  # of the transaction so far


class Writer:
    """Thread-safe. Results are seen only after the commit reached the disk."""

    def __init__(self, engines: Engines, now: Callable[[], datetime]) -> None:
        self.name = writer_name()
        self._engine = engines.writer
        self._server = engines.server
        self._now = now
        self._month = months_from(now(), many=1)
        self._month_tried = float("-inf")
        self._committing = False
        self._ended = False  # the end was taken from what waits
        self._waiting: queue.SimpleQueue[_Work | object] = queue.SimpleQueue()
        self._link: Link | None = Link(0, GENESIS)
        self._noted = False  # our row in `writers` is there
        self._tally: Counter[str] = Counter()  # as committed
        self._adds: Counter[str] = Counter()  # by the transaction under way
        self.on_commit: Callable[[float], None] = lambda seconds: None  # told how long each took
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
        crowded = False
        while not self._ended:
            batch: list[_Work] = []
            self._gather(batch, self._waiting.get())
            if batch:
                self._turn_month()
                if crowded:
                    time.sleep(_LINGER_S)
                self._write(batch)
                crowded = len(batch) > 1

    def _gather(self, batch: list[_Work], item: _Work | object | None = None) -> None:
        """Takes the item, and what waits behind it."""
        size = sum(size_of(work.argument) for work in batch)
        while len(batch) < BATCH and size < BATCH_BYTES and not self._ended:
            if item is None and (item := self._next()) is None:
                return
            if not isinstance(item, _Work):
                self._ended = True
            elif item.future.set_running_or_notify_cancel():
                batch.append(item)
                size += size_of(item.argument)
            item = None

    def _next(self) -> _Work | object | None:
        try:
            return self._waiting.get_nowait()
        except queue.Empty:
            return None

    def _write(self, batch: list[_Work]) -> None:
        for left in reversed(range(_TRIES)):
            try:
                self._transact(batch)
                break
            except Exception as error:
                self._link = None  # the commit may have happened all the same: read it back
                if left and not self._committing and self._may_repeat(error):
                    continue
                if not isinstance(error, SQLAlchemyError | JournalUnavailable):
                    log.exception("journal writer broke")
                for work in batch:
                    work.error = JournalUnavailable(f"the journal cannot be written: {error}")
                    work.error.__cause__ = error
                break
        for work in batch:
            if work.error is None:
                work.future.set_result(work.result)
            else:
                work.future.set_exception(work.error)

    def _may_repeat(self, error: Exception) -> bool:
        try:
            return self._server.may_repeat(self._engine, error)
        except (SQLAlchemyError, JournalUnavailable):  # the server has gone meanwhile
            return False

    def _transact(self, batch: list[_Work]) -> None:
        self._committing = False
        self._adds = Counter()
        began = time.monotonic()
        with self._engine.begin() as connection:
            self._gather(batch)  # what came while others wrote needs no commit of its own
            link = self._last_link(connection)
            end = self._write_runs(connection, batch, link)
            if end != link or self._adds:
                self._note(connection, end)
            self._committing = True  # from here on nobody can say whether it happened, until it has
        self._link = end
        self._noted = self._noted or end.number > 0 or bool(self._adds)
        self._tally.update(self._adds)
        self.on_commit(time.monotonic() - began)

    def _write_runs(self, connection: Connection, batch: list[_Work], link: Link) -> Link:
        locks = Locks(connection, needed=self._server.several_write)
        if locks.needed:
            locks.ahead(touch_of(work.argument) for work in batch)
        by_kind = sorted(batch, key=lambda work: work.job.__name__)
        for job, run in itertools.groupby(by_kind, key=lambda work: work.job):
            step = _Step(connection, job, locks)
            link = self._write_together(step, list(run), link)
            locks = step.locks
        return link

    def _write_together(self, step: _Step, works: list[_Work], link: Link) -> Link:
        tries = _TRIES if step.locks.needed else 1
        for left in reversed(range(tries)):
            try:
                return self._write_run(step, works, link)
            except Exception as error:
                if self._is_lost(step, error):
                    raise
                if not left or not isinstance(error, IntegrityError):
                    break
        for work in works:
            link = self._write_alone(step, work, link)
        return link

    def _write_run(self, step: _Step, works: list[_Work], link: Link) -> Link:
        locks = step.locks.branch()
        unit = Unit(step.connection, writer=self.name, link=link, now_us=to_us(self._now()), locks=locks)
        with savepoint(step.connection):
            results = step.job(unit, [work.argument for work in works])
            unit.flush()
        for work, result in zip(works, results, strict=True):
            work.result, work.error = result, None
        step.locks = locks
        self._adds.update(unit.tally)
        return unit.link

    def _write_alone(self, step: _Step, work: _Work, link: Link) -> Link:
        for left in reversed(range(_TRIES)):
            try:
                return self._write_run(step, [work], link)
            except IntegrityError as error:
                if not left:
                    work.error = JournalRefuses(f"the journal refuses: {error.orig}")
                    work.error.__cause__ = error
                time.sleep(0.005)
            except Exception as error:
                if self._is_lost(step, error):
                    raise
                work.error = error
                break
        return link

    def _is_lost(self, step: _Step, error: BaseException) -> bool:
        return step.connection.invalidated or self._server.is_lost(error)

    def _turn_month(self) -> None:
        """A process that lives on makes the partitions of later months too. Without them nothing is refused."""
        month = months_from(self._now(), many=1)
        if month == self._month or time.monotonic() < self._month_tried + _AGAIN_S:
            return
        self._month_tried = time.monotonic()
        try:
            self._server.open_months(self._engine, months_from(self._now()))
            self._month = month
        except (SQLAlchemyError, JournalUnavailable) as error:
            log.warning("partitions of %s not made yet: %s", month[0], error)

    def _last_link(self, connection: Connection) -> Link:
        if self._link is None:
            row = connection.execute(sa.select(t.writers).where(t.writers.c.writer == self.name)).one_or_none()
            self._link = Link(row.number, row.hash) if row is not None else Link(0, GENESIS)
            self._noted = row is not None
            self._tally = added((row.tally,)) if row is not None else Counter()
        return self._link

    def _note(self, connection: Connection, link: Link) -> None:
        values = {"writer": self.name, "number": link.number, "hash": link.hash, "at_us": to_us(self._now())}
        values["tally"] = written(self._tally, self._adds)
        if not self._noted:
            connection.execute(_FIRST_NOTE, values)
        else:
            connection.execute(_NOTE, {f"b_{name}": value for name, value in values.items()})
