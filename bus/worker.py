"""The worker: claims heads of lanes, prepares a batch in one commit, lets threads attempt, settles in order.

Record, then acknowledge: the queue hears of a settlement only after the journal has it. Nothing waits inside.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

from bus.batch import Ready, Skip, poison, prepare_batch
from bus.deliver import Tools, attempt, local_fault
from bus.feeder import Feeder
from bus.outgoing import Signer
from bus.ports import GenerationLost, Journal, JournalUnavailable, Queue, QueueUnavailable
from bus.records import Claimed, NextStep, QueueSettle, QueueStep, Settlement
from schemas.problem import Stage, problem

log = logging.getLogger("lienthong.worker")

_STEPS = {
    NextStep.DONE: QueueStep.DONE,
    NextStep.WAIT: QueueStep.DELAY,
    NextStep.ASK: QueueStep.DELAY,
    NextStep.PARK: QueueStep.PARK,
}


@dataclass(frozen=True, slots=True)
class Pace:
    """How much a worker takes on."""

    threads: int = 16
    batch: int = 16
    lease_s: float = 60.0
    idle_s: float = 0.5  # longest sleep without news


class Worker:
    """One delivering process. `run` blocks until `stop`."""

    def __init__(
        self, *, journal: Journal, queue: Queue, feeder: Feeder, tools: Tools, signer: Signer, pace: Pace, name: str
    ) -> None:
        self.name = name
        self._journal, self._queue, self._feeder = journal, queue, feeder
        self._tools, self._signer, self._pace = tools, signer, pace
        self._settles: deque[QueueSettle] = deque()
        self._busy: dict[str, tuple[Claimed, float]] = {}  # delivery id → its claim and when it was claimed
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(pace.threads, thread_name_prefix="attempt")

    def stop(self) -> None:
        """Takes nothing new; attempts under way are finished and settled. Safe from any thread or signal."""
        self._stop.set()
        self._news.set()

    def run(self) -> None:
        """Works until stopped."""
        for job in (self._listen, self._beat, self._care):
            threading.Thread(target=job, name=job.__name__, daemon=True).start()
        while not self._stop.is_set():
            try:
                self._turn()
            except GenerationLost:
                if not self._feeder.heal():
                    self._stop.wait(0.2)
            except (QueueUnavailable, JournalUnavailable) as error:
                log.warning("worker waits: %s", error)
                self._stop.wait(0.5)
        self._pool.shutdown(wait=True)
        self._last_words()

    def _turn(self) -> None:
        self._news.clear()
        settles = tuple(self._settles)
        room = max(0, self._pace.threads - len(self._busy))
        claims = self._queue.claim(
            self.name, settles=settles, limit=min(room, self._pace.batch), lease_s=self._pace.lease_s
        )
        for _ in settles:  # told; a repeat after a lost reply would have changed nothing
            self._settles.popleft()
        if claims:
            self._start(claims)
        elif not self._settles:
            self._news.wait(self._pace.idle_s)

    def _start(self, claims: Sequence[Claimed]) -> None:
        now = self._tools.clock.monotonic()
        with self._lock:
            self._busy.update({claim.delivery_id: (claim, now) for claim in claims})
        left = {claim.delivery_id: claim for claim in claims}
        try:
            for verdict in prepare_batch(
                claims, self._journal, self._tools, self._signer, worker=self.name, lease_s=self._pace.lease_s
            ):
                left.pop(verdict.claim.delivery_id)
                if isinstance(verdict, Ready):
                    self._pool.submit(self._attempt, verdict)
                else:
                    self._put_back(verdict)
        except JournalUnavailable:
            for claim in left.values():  # nothing was sent: the lanes are given back at once
                self._tell(claim, QueueStep.DELAY, pause_s=1.0)
            raise

    def _put_back(self, skip: Skip) -> None:
        if skip.settlement is not None:
            self._record(skip.claim, skip.settlement)
            return
        step = QueueStep.DONE if skip.final else QueueStep.DELAY
        self._tell(skip.claim, step, pause_s=skip.pause_s)
        if skip.rebuild:
            self._feeder.rebuild_lane(skip.claim.lane)

    def _attempt(self, ready: Ready) -> None:
        claim, item = ready.claim, ready.item
        try:
            if self._late(claim):
                settlement = local_fault(item, claim, worker=self.name, now=self._tools.clock.now(), cause=None)
            else:
                settlement = attempt(item, ready.content, claim, self._tools, worker=self.name)
        except Exception:
            log.exception("attempt broke message=%s endpoint=%s", item.delivery.message_id, item.delivery.endpoint)
            cause = problem(
                "LT-DLV-008",
                Stage.DELIVER,
                {"operation": item.delivery.operation, "endpoint": item.delivery.endpoint},
            )
            settlement = local_fault(item, claim, worker=self.name, now=self._tools.clock.now(), cause=cause)
        self._record(claim, settlement)

    def _record(self, claim: Claimed, settlement: Settlement) -> None:
        """Journal first, again and again until it is there; only then the queue."""
        while True:
            try:
                settled = self._journal.settle(settlement).result()
                break
            except JournalUnavailable as error:
                log.error("settlement waits for the journal: %s", error)
                if self._stop.wait(1.0):
                    self._forget(claim)  # the intent stays without result: the resolver takes it up
                    return
        if settled.applied:
            decision = settlement.decision
            at = decision.next_at if _STEPS[decision.step] is QueueStep.DELAY else None
            self._settle(QueueSettle(claim.delivery_id, claim.lane, claim.endpoint, claim.token,
                                     _STEPS[decision.step], at))  # fmt: skip
        self._forget(claim)
        if not settled.applied:  # somebody else decided meanwhile: the queue must say what the journal says
            self._feeder.rebuild_lane(claim.lane)
        if settled.feed:
            self._feeder.feed(settled.feed)

    def _tell(self, claim: Claimed, step: QueueStep, *, pause_s: float = 0.0) -> None:
        at = self._tools.clock.now() + timedelta(seconds=pause_s) if step is QueueStep.DELAY else None
        self._settle(QueueSettle(claim.delivery_id, claim.lane, claim.endpoint, claim.token, step, at))
        self._forget(claim)

    def _settle(self, settle: QueueSettle) -> None:
        self._settles.append(settle)
        self._news.set()

    def _forget(self, claim: Claimed) -> None:
        with self._lock:
            self._busy.pop(claim.delivery_id, None)
        self._news.set()

    def _late(self, claim: Claimed) -> bool:
        """True if the lease may have run out before the bytes leave: a process that was frozen must not send."""
        with self._lock:
            entry = self._busy.get(claim.delivery_id)
        return entry is None or self._tools.clock.monotonic() - entry[1] > 0.8 * self._pace.lease_s / 2

    def _listen(self) -> None:
        """Turns the queue's bell into a local one, so that settlements wake the loop too."""
        while not self._stop.is_set():
            try:
                self._queue.wait(1.0)
                self._news.set()
            except QueueUnavailable:
                self._stop.wait(0.5)

    def _beat(self) -> None:
        """Prolongs the leases of attempts under way, at a third of the lease."""
        while not self._stop.wait(self._pace.lease_s / 3):
            with self._lock:
                claims = tuple(claim for claim, _ in self._busy.values())
            if claims:
                try:
                    self._queue.extend(claims, lease_s=self._pace.lease_s)
                except QueueUnavailable as error:
                    log.warning("leases not prolonged: %s", error)

    def _care(self) -> None:
        """Keeps the queue true to the journal, and parks what took three workers with it."""
        while not self._stop.is_set():
            if self._feeder.heal():
                try:
                    for claim in self._queue.poisoned():
                        self._record(claim, poison(claim))
                except QueueUnavailable as error:
                    log.warning("poison not looked for: %s", error)
            self._stop.wait(1.0)

    def _last_words(self) -> None:
        try:
            self._queue.claim(self.name, settles=tuple(self._settles), limit=0, lease_s=self._pace.lease_s)
        except QueueUnavailable as error:
            log.warning("last settlements not told; the leases run out and the journal knows: %s", error)


def worker_name(boot_id: str, started: float) -> str:
    """A name no other process can have: boot id, pid and start time."""
    return f"{boot_id[:8]}-{os.getpid()}-{int(started)}"
