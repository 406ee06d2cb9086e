"""The worker: claims heads of lanes, lets a thread prepare, attempt and settle each; many commit together.

Nothing waits inside, and the loop waits for no commit. What a thread of it cannot bear is logged, and never ends it
silently.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bus.batch import Found, Ready, Skip, look_up, make_ready, parked, poison
from bus.deliver import attempt
from bus.feeder import Feeder
from bus.ports import GenerationLost, Journal, JournalUnavailable, Queue, QueueUnavailable
from bus.records import Claimed, QueueStep
from bus.settling import Settling
from bus.trial import Tools, Trial, broken, not_made
from bus.underway import Underway
from bus.watch.pulsing import Pulsing
from schemas.problem import Stage, problem

log = logging.getLogger("lienthong.worker")

# An attempt takes at most half a lease (settings see to it); begun by then, it ends before nine tenths are over.
_BEGIN_BY = 0.4
_AGAIN_S = 1.0
_TOGETHER_S = 0.015  # a turn costs as much as ten of its claims: the busier, the more are taken together
_BUSY = 0.1  # of the threads; below, nothing waits for company
_LONG_S = 0.3  # whoever waits longer for an answer makes room for another


@dataclass(frozen=True, slots=True)
class Pace:
    """How much a worker takes on."""

    threads: int = 16
    waiting: int = 0  # that many more may be under way while so many wait long for an answer
    batch: int = 16
    lease_s: float = 60.0
    idle_s: float = 0.5  # longest sleep without news
    drain_s: float = 40.0  # from the order to stop until a result waits no more for the journal


class Worker:
    """One delivering process. `run` blocks until `stop`."""

    def __init__(self, *, journal: Journal, queue: Queue, feeder: Feeder, tools: Tools, pace: Pace, name: str) -> None:
        self.name = name
        self._journal, self._queue, self._feeder = journal, queue, feeder
        self._tools, self._pace = tools, pace
        self._ending = False  # a plain flag: an Event's lock may be held by the very code a signal interrupts
        self._ended = threading.Event()
        self._given_up = threading.Event()  # results wait for the journal no more
        self._refused = False  # by the journal, since the loop looked last
        self._underway = Underway()
        self.pulsing = Pulsing(name, journal, tools.clock, in_hand=self._underway.__len__)
        self._settling = Settling(
            journal, feeder, tools.clock, self._underway, self._given_up, progress=self.pulsing.settled
        )
        self._pool = ThreadPoolExecutor(pace.threads + pace.waiting, thread_name_prefix="attempt")

    def stop(self) -> None:
        """Sends nothing new; attempts under way are finished and settled. Safe from any thread or signal."""
        self._ending = True

    def run(self) -> None:
        """Works until stopped."""
        self._feeder.doubt()  # whoever was here before us may have died between the journal and the queue
        for job in (self._listen, self._beat, self._care, self._say):
            threading.Thread(target=self._kept_up, args=(job,), name=job.__name__, daemon=True).start()
        try:
            while not self._ending:
                self._safe_turn()
        finally:  # also when our own program broke: or the claims in hand would be prolonged for ever
            self._ending = True
            limit = threading.Timer(self._pace.drain_s, self._given_up.set)
            limit.daemon = True
            limit.start()
            self._pool.shutdown(wait=True)  # leases are kept meanwhile: nobody else may take up what is being settled
            limit.cancel()
            self._given_up.set()
            self._ended.set()
            self._last_words()

    def _safe_turn(self) -> None:
        try:
            self._turn()
        except GenerationLost:
            if not self._feeder.heal():
                self._ended.wait(0.2)
        except (QueueUnavailable, JournalUnavailable) as error:
            log.warning("worker waits: %s", error)
            self._ended.wait(0.5)

    def _turn(self) -> None:
        self.pulsing.turned()
        self._underway.news.clear()
        if self._refused:  # what would be claimed now would only come back
            self._refused = False
            self._ended.wait(0.5)
        if (busy := len(self._underway) / self._pace.threads) > _BUSY:
            self._ended.wait(_TOGETHER_S * min(busy, 1.0))
        settles = self._underway.untold()
        asked_at = self._tools.clock.monotonic()
        slow = self._underway.asked_before(asked_at - _LONG_S)
        limit = min(self._room(slow), self._pace.batch)
        claims = self._queue.claim(self.name, settles=settles, limit=limit, lease_s=self._pace.lease_s)
        self._underway.told(settles)
        if claims:
            self._underway.add(claims, asked_at=asked_at)
            self._start(self._welcome(claims, slow))
        if (limit and len(claims) == limit) or self._underway.untold():
            return  # there may be more
        self._underway.news.wait(self._pace.idle_s if limit else min(self._pace.idle_s, _LONG_S))

    def _room(self, slow: Sequence[Claimed]) -> int:
        """Who waits long for an answer holds no place: receivers that died together would hold them all, until their
        breakers open."""
        if self._underway.has_suspect():  # if it ends us again, few others may be counted guilty with it
            return 0
        in_hand, pace = len(self._underway), self._pace
        return max(0, min(pace.threads + len(slow), pace.threads + pace.waiting) - in_hand)

    def _welcome(self, claims: Sequence[Claimed], slow: Sequence[Claimed]) -> Sequence[Claimed]:
        """All, but where no more may wait: then nothing for a receiver that lets us wait already."""
        if len(slow) < self._pace.waiting or not self._pace.waiting:
            return claims
        silent = {claim.endpoint for claim in slow}
        for claim in claims:
            if claim.endpoint in silent:
                self._settling.put_back(claim, QueueStep.DELAY, pause_s=_AGAIN_S)
        return [claim for claim in claims if claim.endpoint not in silent]

    def _start(self, claims: Sequence[Claimed]) -> None:
        try:
            for found in look_up(claims, self._journal):
                self._pool.submit(self._attempt, found)
        except JournalUnavailable:
            for claim in claims:  # nothing was sent: the lanes are given back at once
                self._settling.put_back(claim, QueueStep.DELAY, pause_s=_AGAIN_S)
            raise
        except Exception:
            log.exception("batch broke deliveries=%s", ",".join(claim.delivery_id for claim in claims))
            self._one_by_one(claims)

    def _one_by_one(self, claims: Sequence[Claimed]) -> None:
        """One of them our program cannot bear: that one is left to a person, the others go on."""
        if len(claims) > 1:
            for claim in claims:
                self._start((claim,))
            return
        for claim in claims:
            self._unbearable(claim)

    def _unbearable(self, claim: Claimed) -> None:
        cause = problem("LT-DLV-008", Stage.DELIVER, {"operation": "–", "endpoint": claim.endpoint})
        self._settling.record(claim, parked(claim, cause))

    def _put_back(self, skip: Skip) -> None:
        if skip.settlement is not None:
            self._settling.record(skip.claim, skip.settlement)
            return
        self._settling.put_back(skip.claim, QueueStep.DONE if skip.final else QueueStep.DELAY, pause_s=skip.pause_s)
        if skip.rebuild:
            self._feeder.rebuild_lane(skip.claim.lane)

    def _attempt(self, found: Found) -> None:
        """In a thread of the pool, from the content to the settlement."""
        try:
            verdict = make_ready(found, self._journal, self._tools, worker=self.name, lease_s=self._pace.lease_s)
        except JournalUnavailable as error:
            log.warning("not sent delivery=%s: %s", found.claim.delivery_id, error)
            self._refused = True
            self._settling.put_back(found.claim, QueueStep.DELAY, pause_s=_AGAIN_S)
        except Exception:
            log.exception("preparing broke delivery=%s", found.claim.delivery_id)
            self._unbearable(found.claim)
        else:
            if isinstance(verdict, Ready):
                self._send(verdict)
            else:
                self._put_back(verdict)

    def _send(self, ready: Ready) -> None:
        claim = ready.claim
        trial = Trial.begin(ready.item, claim, self._tools, worker=self.name, may_send=lambda: self._may_send(claim))
        self._underway.ask(claim, at=trial.began)
        try:
            settlement = attempt(trial, ready.content) if self._may_send(claim) else not_made(trial)
        except Exception:
            delivery = ready.item.delivery
            log.exception("attempt broke message=%s endpoint=%s", delivery.message_id, delivery.endpoint)
            settlement = broken(trial)
        self._underway.answered(claim)
        self._settling.record(claim, settlement)

    def _may_send(self, claim: Claimed) -> bool:
        """False if the lease may run out before the attempt ends: a process that was frozen must not send."""
        age_s = self._underway.age_s(claim, now=self._tools.clock.monotonic())
        return not self._ending and age_s is not None and age_s <= _BEGIN_BY * self._pace.lease_s

    # ---------------------------------------------------------------- beside the loop

    def _kept_up(self, job: Callable[[], None]) -> None:
        while not self._ended.is_set():
            try:
                job()
            except QueueUnavailable as error:
                log.warning("%s waits for the queue: %s", job.__name__, error)
            except Exception:
                log.exception("%s broke, goes on", job.__name__)
            else:
                continue
            self._ended.wait(_AGAIN_S)

    def _listen(self) -> None:
        """Turns the queue's bell into a local one, so that settlements wake the loop too."""
        self._queue.wait(1.0)
        self._underway.news.set()

    def _beat(self) -> None:
        """Prolongs the leases of attempts under way, at a third of the lease."""
        if self._ended.wait(self._pace.lease_s / 3):
            return
        claims = self._underway.claims()
        self._underway.keep(claims, self._queue.extend(claims, lease_s=self._pace.lease_s))

    def _care(self) -> None:
        """Keeps the queue true to the journal, and parks what took three workers with it."""
        if self._feeder.heal():
            for claim in self._queue.poisoned():
                self._settling.record(claim, poison(claim))
        self._ended.wait(1.0)

    def _say(self) -> None:
        """Signs of life."""
        self.pulsing.say()
        self._ended.wait(self.pulsing.every_s)

    def _last_words(self) -> None:
        self.pulsing.say()
        try:
            self._queue.claim(self.name, settles=self._underway.untold(), limit=0, lease_s=self._pace.lease_s)
        except QueueUnavailable as error:
            log.warning("last settlements not told; the leases run out and the journal knows: %s", error)


def worker_name(boot_id: str, started: float) -> str:
    """A name no other process can have: boot id, pid and start time."""
    return f"{boot_id[:8]}-{os.getpid()}-{int(started)}"
