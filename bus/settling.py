"""Record, then acknowledge: the queue hears of a settlement only after the journal has it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from bus.delivery import Attempt, State
from bus.feeder import Feeder
from bus.isolation import health_of
from bus.ports import Clock, Journal, JournalRefuses, JournalUnavailable
from bus.records import Claimed, Decision, NextStep, QueueSettle, QueueStep, Settled, Settlement
from bus.underway import Underway
from schemas.problem import Stage, problem

log = logging.getLogger("lienthong.settling")

_STEPS = {
    State.DELIVERED: QueueStep.DONE,
    State.WAITING: QueueStep.DELAY,
    State.UNCLEAR: QueueStep.DELAY,
    State.PARKED: QueueStep.PARK,
    State.CANCELLED: QueueStep.DONE,  # a newer one took its place
}
_PAUSE_S = 1.0
_REFUSALS = 3  # of the settlement itself: then the fault is in it
_DOUBTS = 60  # the journal can be written otherwise; a disk that is nearly full still takes what is small


@dataclass(frozen=True, slots=True)
class Settling:
    """Thread-safe. Never raises: a thread that died here would hold its claim for ever."""

    journal: Journal
    feeder: Feeder
    clock: Clock
    underway: Underway
    ended: threading.Event  # nobody waits for the journal any more
    progress: Callable[[str, Attempt | None], None] = lambda endpoint, attempt: None  # told of each one recorded

    def record(self, claim: Claimed, settlement: Settlement) -> None:
        """Journal first, again and again until it is there; only then the queue."""
        try:
            settled = self._settled(settlement)
            if settled is not None:
                self.progress(claim.endpoint, settlement.attempt)
                self._tell_all(claim, settlement, settled)
        except Exception:  # the intent stays without result: when the lease runs out the resolver takes it up
            log.exception("settlement lost delivery=%s", settlement.delivery_id)
        finally:
            self.underway.forget(claim)

    def put_back(self, claim: Claimed, step: QueueStep, *, pause_s: float = 0.0) -> None:
        """Nothing to be recorded: only the queue is told."""
        at = self.clock.now() + timedelta(seconds=pause_s) if step is QueueStep.DELAY else None
        self.underway.tell(QueueSettle(claim.delivery_id, claim.lane, claim.endpoint, claim.token, step, at))
        self.underway.forget(claim)

    def _settled(self, settlement: Settlement) -> Settled | None:
        """The whole; where that cannot be written, the fact alone. None: the end came before the journal did."""
        try:
            return self._written(settlement)
        except Exception:
            log.exception("settlement broke delivery=%s", settlement.delivery_id)
        return self._written(_bare(settlement))

    def _written(self, said: Settlement) -> Settled | None:
        """Again and again until it is there, while it is the journal's fault that it is not.

        Raises:
            JournalUnavailable: the journal can be written otherwise.
        """
        refusals = doubts = 0
        while True:
            try:
                return self.journal.settle(said).result()
            except JournalUnavailable as error:
                if self.ended.is_set():
                    log.error("result not recorded %s, it comes back as a doubt: %s", _named(said), error)
                    return None
                log.error("settlement waits for the journal delivery=%s: %s", said.delivery_id, error)
                self.ended.wait(_PAUSE_S)  # once more at the end
                refusals += isinstance(error, JournalRefuses)
                doubts += self._is_well()
                if refusals >= _REFUSALS or doubts >= _DOUBTS:
                    raise

    def _is_well(self) -> bool:
        try:
            self.journal.ping()
        except JournalUnavailable:
            return False
        return True

    def _tell_all(self, claim: Claimed, settlement: Settlement, settled: Settled) -> None:
        if settled.applied:  # what the journal made of it, not what was asked: it may have been recorded bare
            step = QueueStep.DONE if settled.lane_goes_on else _STEPS[settled.state]
            at = settlement.decision.next_at if step is QueueStep.DELAY else None
            health = health_of(settlement.attempt)
            tried = settled.state is State.UNCLEAR or (settlement.attempt is not None and settlement.decision.counts)
            said = QueueSettle(claim.delivery_id, claim.lane, claim.endpoint, claim.token, step, at, health, tried)
            self.underway.tell(said)
        self.underway.forget(claim)
        if not settled.applied:  # somebody else decided meanwhile: the queue must say what the journal says
            self.feeder.rebuild_lane(claim.lane)
        if settled.feed:
            self.feeder.feed(settled.feed)


def _named(settlement: Settlement) -> str:
    made = settlement.attempt
    fact = f" attempt={made.number} outcome={made.outcome.value}" if made else ""
    return f"delivery={settlement.delivery_id}{fact}"


def _bare(settlement: Settlement) -> Settlement:
    """The fact alone, where the whole cannot be written: nothing learned, nothing born, a person must see it."""
    cause = problem("LT-DLV-011", Stage.SETTLE, {"endpoint": settlement.delivery_id.partition(":")[2]})
    decision = Decision(NextStep.PARK, cause.text_vi, problem=cause, counts=settlement.decision.counts)
    return replace(settlement, decision=decision, learned=(), derived=())
