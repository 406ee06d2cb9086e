"""Keeps the queue saying what the journal says: feeds it, mends lanes, rebuilds it, while work goes on.

Only the two ports are used. Nothing here ever writes the journal, except to ask it for a new generation.
"""

from __future__ import annotations

import itertools
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence

from bus.ports import GenerationLost, Journal, JournalUnavailable, Queue, QueueUnavailable
from bus.records import QueueRecord

log = logging.getLogger("lienthong.feeder")

_CHUNK = 200  # lanes a round trip
_REBUILD_S = 15.0  # the walker prolongs it with every chunk; another takes over when it does not
_TRIES = 20  # a lane that changes under our hands is read again
_TURNED_S = 10.0  # the wall clock was set by more than this
_AGAIN_S = (15.0, 75.0)  # after that all is compared again: what was on its way then is told by now; and a lease later
_OWED = 10_000  # lanes remembered one by one; beyond, the whole journal is walked


class Feeder:
    """One per process. Thread-safe. No method but `rebuild` raises: what cannot be told now is told by `heal`."""

    def __init__(
        self,
        journal: Journal,
        queue: Queue,
        *,
        sweep_every_s: float = 300.0,
        wall: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._journal = journal
        self._queue = queue
        self._sweep_every_s = sweep_every_s
        self._name = f"{os.getpid()}-{os.urandom(4).hex()}"
        self._numbers = itertools.count()
        self._owed: set[str] = set()  # lanes that could not be told
        self._doubtful = False  # more may be missing than is remembered: the whole journal is walked
        self._wall, self._ticks = wall, ticks
        self._apart = wall() - ticks()
        self._again: tuple[float, ...] = ()  # ticks
        self._guard = threading.Lock()
        self._healing = threading.Lock()
        self._duties: list[Callable[[], None]] = []

    def doubt(self) -> None:
        """The next `heal` compares everything: a process before this one may have died before it told the queue."""
        with self._guard:
            self._doubtful = True

    def feed(self, records: Sequence[QueueRecord]) -> None:
        """Tells the queue what was committed. Call it after the commit, never before."""
        if not records:
            return
        try:
            refused: Iterable[str] = self._queue.enqueue(records)
        except QueueUnavailable as fault:
            log.warning("%d deliveries stay in the journal for now: %s", len(records), fault)
            self._owe(record.lane for record in records)
            return
        for lane in refused:
            self.rebuild_lane(lane)

    def rebuild_lane(self, lane: str) -> None:
        """Makes the queue's copy of one lane what the journal says."""
        try:
            if self._mend(lane):
                return
            log.warning("lane changes too quickly to be rebuilt now: %s", lane)
        except (QueueUnavailable, JournalUnavailable) as fault:
            log.warning("lane to be rebuilt later: %s: %s", lane, fault)
        self._owe([lane])

    def rebuild(self, *, anyway: bool = True) -> bool:
        """A new generation, filled from the journal, while work goes on. False: another process is at it, or has just
        done it (unless `anyway`).

        Raises:
            QueueUnavailable, JournalUnavailable: it stays to be done; `heal` does it.
        """
        if not self._queue.lock("rebuild", self._name, lease_s=_REBUILD_S):
            return False
        if not anyway and self._current():
            self._queue.lock("rebuild", self._name, lease_s=0)
            return False
        generation = self._journal.new_generation().result()
        log.warning("queue is rebuilt from the journal as generation %d", generation)
        self._queue.start_generation(generation)
        self._queue.obey(self._journal.standing())  # before there is anything to claim
        return self._finish()

    def add_duty(self, duty: Callable[[], None]) -> None:
        """Something else to be looked after as often as the queue, whether that is there or not. It must not raise."""
        self._duties.append(duty)

    def heal(self) -> bool:
        """To be called every second or so, and on GenerationLost. True: the queue can be worked with."""
        with self._healing:
            try:
                return self._heal()
            except GenerationLost:  # it changed under our hands; the next call looks again
                return False
            except (QueueUnavailable, JournalUnavailable) as fault:
                log.warning("queue cannot be looked after now: %s", fault)
                return False
            finally:
                for duty in self._duties:
                    duty()

    def _heal(self) -> bool:
        generation = self._current()
        if not generation:
            return self.rebuild(anyway=False)
        self._queue.adopt(generation)
        self._queue.obey(self._journal.standing())
        if not self._queue.whole():
            # Its walker is at work, or has gone: then its lock runs out and we walk to the end.
            if self._queue.lock("rebuild", self._name, lease_s=_REBUILD_S):
                self._finish()
        elif self._clock_was_turned() or self._sweep_is_due():
            self._sweep()
        self._pay()
        return True

    def _clock_was_turned(self) -> bool:
        """Leases and pauses in the queue are moments of the wall clock. When it is set right, what was put off while it
        was ahead would wait for hours: a lane whose head the journal has done with is mended at once."""
        ticks, before = self._ticks(), self._apart
        self._apart = self._wall() - ticks
        if abs(self._apart - before) > _TURNED_S:
            log.warning("wall clock was set by %+.0f s: the queue is compared with the journal", self._apart - before)
            self._again = tuple(ticks + later for later in _AGAIN_S)
            return True
        if self._again and ticks >= self._again[0]:
            self._again = self._again[1:]
            return True
        return False

    def _current(self) -> int:
        """The generation that journal and queue agree on; 0 = none."""
        generation = self._journal.generation()
        return generation if generation and self._queue.generation() == generation else 0

    def _finish(self) -> bool:
        if self._walk(keep_lock=True):
            self._queue.finish_generation()
            self._queue.lock("rebuild", self._name, lease_s=0)
            return True
        return False

    def _sweep_is_due(self) -> bool:
        """One process per interval; and at once when another server process answers (restored, failed over)."""
        turn = f"{self._name}-{next(self._numbers)}"
        return self._queue.lock(f"sweep-{self._queue.server()}", turn, lease_s=self._sweep_every_s) or self._doubtful

    def _sweep(self) -> None:
        """A walk to the end; broken off, it is still to be done."""
        with self._guard:
            self._doubtful = False
        try:
            self._walk()
        except BaseException:
            self.doubt()
            raise

    def _walk(self, *, keep_lock: bool = False) -> bool:
        """Compares every open lane of the journal with the queue's; fills and mends. False: another took over."""
        lanes = self._journal.lanes()
        while chunk := tuple(itertools.islice(lanes, _CHUNK)):
            if keep_lock and not self._queue.lock("rebuild", self._name, lease_s=_REBUILD_S):
                return False
            for lane in self._queue.fill(chunk):
                self.rebuild_lane(lane)
        return True

    def _pay(self) -> None:
        behind = self._queue.behind(_CHUNK)  # may raise: nothing is forgotten before it has answered
        with self._guard:
            owed, self._owed = self._owed, set()
        for lane in owed.union(behind):
            self.rebuild_lane(lane)

    def _mend(self, lane: str) -> bool:
        """Ticket, then journal, then queue: whatever happens to the lane in between makes the ticket void."""
        for _ in range(_TRIES):
            ticket = self._queue.mark(lane)
            snapshot = self._journal.lane(lane)
            if snapshot is None:
                done = self._queue.drop_lane(lane, ticket=ticket)
            else:
                done = self._queue.rebuild_lane(snapshot, ticket=ticket)
            if done:
                return True
        return False

    def _owe(self, lanes: Iterable[str]) -> None:
        with self._guard:
            self._owed.update(lanes)
            if len(self._owed) > _OWED:
                self._owed.clear()
                self._doubtful = True
