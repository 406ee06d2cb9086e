"""A little journal, doors and workers as threads: load for the queue, with the journal's own log as truth."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bus.feeder import Feeder
from bus.ports import GenerationLost, Queue, QueueUnavailable
from bus.records import Claimed, LaneDelivery, LaneSnapshot, QueueRecord, QueueSettle, QueueStep, Standing

LEASE_S = 2.0
PATIENCE_S = 40.0  # a machine that does other things too


@dataclass
class Row:
    """One open delivery."""

    id: str
    token: str = ""
    until: float = 0.0  # monotonic end of the intent


class LoadJournal:
    """The journal's methods that the feeder needs, and what a worker does there. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, list[Row]] = defaultdict(list)
        self._generation = 0
        self.orders = Standing()
        self.accepted: dict[str, list[str]] = defaultdict(list)
        self.delivered: dict[str, list[str]] = defaultdict(list)
        self.refused_intents = 0

    # -- what the feeder needs --

    def generation(self) -> int:
        return self._generation

    def standing(self) -> Standing:
        return self.orders

    def new_generation(self) -> Future[int]:
        with self._lock:
            self._generation += 1
            done: Future[int] = Future()
            done.set_result(self._generation)
        return done

    def lane(self, lane: str) -> LaneSnapshot | None:
        with self._lock:
            return self._snapshot(lane)

    def lanes(self) -> Iterator[LaneSnapshot]:
        for lane in list(self._open):
            snapshot = self.lane(lane)
            if snapshot:
                yield snapshot

    def _snapshot(self, lane: str) -> LaneSnapshot | None:
        rows = self._open[lane]
        if not rows:
            return None
        left_s = rows[0].until - time.monotonic() if rows[0].token else 0.0
        first = datetime.now(UTC) + timedelta(seconds=left_s) if left_s > 0 else None
        entries = [LaneDelivery(row.id, 1, None if n else first, False, False) for n, row in enumerate(rows)]
        return LaneSnapshot(lane, lane.partition("|")[2], tuple(entries))

    # -- doors and workers --

    def accept(self, lane: str) -> QueueRecord:
        with self._lock:
            endpoint = lane.partition("|")[2]
            rows = self._open[lane]
            made = f"{lane.partition('|')[0]}.{len(self.accepted[lane])}:{endpoint}"
            record = QueueRecord(made, lane, endpoint, 1, rows[-1].id if rows else "", None)
            rows.append(Row(made))
            self.accepted[lane].append(made)
            return record

    def grant(self, claim: Claimed) -> bool | None:
        """The intent. None = final long ago; False = not the head, or somebody may be sending it."""
        with self._lock:
            rows = self._open[claim.lane]
            row = next((row for row in rows if row.id == claim.delivery_id), None)
            if row is None:
                return None
            if row is not rows[0] or (row.token and row.until > time.monotonic()):
                self.refused_intents += 1
                return False
            row.token, row.until = claim.token, time.monotonic() + LEASE_S
            return True

    def done(self, claim: Claimed) -> None:
        with self._lock:
            rows = self._open[claim.lane]
            if rows and rows[0].id == claim.delivery_id and rows[0].token == claim.token:
                self.delivered[claim.lane].append(rows.pop(0).id)

    def takes(self, more: int) -> None:
        """Returns when so many more are accepted: load is counted, not timed, so a busy machine gives as much of it."""
        self._grows(self.accepted, more)

    def gives(self, more: int) -> None:
        """The same of what is delivered."""
        self._grows(self.delivered, more)

    def _grows(self, rows: dict[str, list[str]], more: int) -> None:
        enough, end = sum(map(len, list(rows.values()))) + more, time.monotonic() + PATIENCE_S
        while (many := sum(map(len, list(rows.values())))) < enough:
            assert time.monotonic() < end, f"{enough - many} of {more} are still missing"
            time.sleep(0.005)

    @property
    def left(self) -> int:
        with self._lock:
            return sum(map(len, self._open.values()))


class Load:
    """Doors and workers, each with a queue and feeder of its own as if it were a process."""

    def __init__(self, make_queue: Callable[[], Queue], *, lanes: int = 40, endpoints: int = 5) -> None:
        self.journal = LoadJournal()
        self._make_queue = make_queue
        self._lanes = [f"D{n}|E{n % endpoints}" for n in range(lanes)]
        self._stop = threading.Event()
        self._closed = threading.Event()
        self._faults: list[BaseException] = []
        self._open: list[Queue] = []

    @contextmanager
    def running(self, *, doors: int = 2, workers: int = 3) -> Iterator[LoadJournal]:
        """Traffic while the block runs; leaving it waits until everything accepted is delivered."""
        jobs = [threading.Thread(target=self._guarded, args=(self._door, n, doors)) for n in range(doors)]
        jobs += [threading.Thread(target=self._guarded, args=(self._worker, n, doors)) for n in range(workers)]
        for job in jobs:
            job.start()
        try:
            yield self.journal
            self._closed.set()
            until = time.monotonic() + PATIENCE_S
            while self.journal.left and time.monotonic() < until and not self._faults:
                time.sleep(0.05)
        finally:
            self._closed.set()
            self._stop.set()
            for job in jobs:
                job.join()
            for queue in self._open:
                queue.close()
        assert not self._faults, self._faults
        assert self.journal.left == 0, "lost: in the journal, and nobody delivers it"
        assert self.journal.delivered == self.journal.accepted, "reordered"

    def _guarded(self, job: Callable[[int, int, Queue, Feeder], None], number: int, of: int) -> None:
        try:
            queue = self._make_queue()
            self._open.append(queue)
            feeder = Feeder(self.journal, queue, sweep_every_s=1.0)  # type: ignore[arg-type]  # only what it needs
            job(number, of, queue, feeder)
        except BaseException as fault:
            self._faults.append(fault)

    def _door(self, number: int, of: int, queue: Queue, feeder: Feeder) -> None:
        turn = 0
        while not self._stop.is_set():
            feeder.heal()
            if self._closed.is_set():
                time.sleep(0.1)
                continue
            for _ in range(8):
                # All doors write to the same lanes: one may commit, stall, and feed late.
                record = self.journal.accept(self._lanes[(turn * of + number) % len(self._lanes)])
                time.sleep(0.0005)
                feeder.feed([record])
                turn += 1

    def _worker(self, number: int, of: int, queue: Queue, feeder: Feeder) -> None:
        settles: list[QueueSettle] = []
        while not self._stop.is_set():
            try:
                claims = queue.claim(f"w{number}", settles=settles, limit=8, lease_s=LEASE_S)
                settles = []
                if not claims:
                    queue.wait(0.1)
            except GenerationLost:
                settles = []
                feeder.heal()
                continue
            except QueueUnavailable:
                time.sleep(0.02)
                continue
            for claim in claims:
                granted = self.journal.grant(claim)
                if granted:
                    time.sleep(0.0005)
                    self.journal.done(claim)
                step = QueueStep.DELAY if granted is False else QueueStep.DONE
                at = datetime.now(UTC) + timedelta(seconds=0.2) if granted is False else None
                settles.append(QueueSettle(claim.delivery_id, claim.lane, claim.endpoint, claim.token, step, at))
