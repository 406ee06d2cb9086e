"""Keeps deadlines, also where nothing is tried: what waits past its own is parked, as an event, with who must act.

A deadline counts from when the delivery first could be sent. Paused endpoint, open breaker, closed window, nothing
running: the deadline passes all the same, and somebody hears of it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import timedelta

from bus.delivery import State
from bus.feeder import Feeder
from bus.policies import Policies
from bus.ports import Clock, Journal, JournalUnavailable, Queue, QueueUnavailable
from bus.records import Aged, Decision, Settled, Settlement
from bus.retry import expired

log = logging.getLogger("lienthong.expiry")

_PAGE = 500  # deliveries a look
_PAGES = 20  # looks at one endpoint in one sweep; the next goes on from there


class DeadlineKeeper:
    """One per process; of several, one sweeps at a time. Never raises: what could not be done is done next time."""

    def __init__(
        self, journal: Journal, queue: Queue, feeder: Feeder, policies: Mapping[str, Policies], clock: Clock, *,
        every_s: float = 60.0, grace_s: float = 60.0,
    ) -> None:  # fmt: skip
        self._journal, self._queue, self._feeder = journal, queue, feeder
        self._policies, self._clock, self._every_s = policies, clock, every_s
        self._grace = timedelta(seconds=grace_s)  # the last try is made at the deadline: a busy worker gets so long
        self._name = f"{os.getpid()}-{os.urandom(4).hex()}"
        self._next_at = 0.0
        self._unbegun: dict[str, str] = {}  # where the last look at an endpoint ended
        self._aged: dict[str, str] = {}
        self._count: Callable[[str], None] = lambda endpoint: None

    def meter(self, count: Callable[[str], None]) -> None:
        """`count` is told the endpoint of each that expired while nothing was tried."""
        self._count = count

    def look(self) -> None:
        """To be called every second or so."""
        now = self._clock.monotonic()
        if now < self._next_at:
            return
        self._next_at = now + self._every_s
        try:
            if self._is_our_turn():
                self.sweep()
        except Exception:
            log.exception("deadlines broke, they are looked at again later")

    def _is_our_turn(self) -> bool:
        try:
            return self._queue.lock("deadlines", self._name, lease_s=self._every_s * 1.5)
        except QueueUnavailable:  # nobody can be asked whose turn it is; twice does no harm
            return True

    def sweep(self) -> int:
        """Begins clocks, parks what is past its deadline. Returns how many were parked."""
        parked = 0
        try:
            for endpoint, policies in self._policies.items():
                self._begin(endpoint)
                parked += self._expire(endpoint, policies)
        except JournalUnavailable as fault:
            log.warning("deadlines are looked at later: %s", fault)
        return parked

    def _begin(self, endpoint: str) -> None:
        for _ in range(_PAGES):
            heads, self._unbegun[endpoint] = self._journal.unbegun(
                endpoint, after=self._unbegun.get(endpoint, ""), limit=_PAGE
            )
            if heads:
                self._journal.begin(heads).result()
            if not self._unbegun[endpoint]:
                return

    def _expire(self, endpoint: str, policies: Policies) -> int:
        parked = 0
        since = self._clock.now() - min(policy.deadline for _, policy in policies.every())
        for _ in range(_PAGES):
            heads, self._aged[endpoint] = self._journal.aged(
                endpoint, since=since, after=self._aged.get(endpoint, ""), limit=_PAGE
            )
            decided = [(one, decision) for one in heads if (decision := self._judge(one, policies)) is not None]
            futures = [self._journal.settle(_settlement(one, decision)) for one, decision in decided]  # together
            parked += sum(map(self._parked, decided, futures))
            if not self._aged[endpoint]:
                break
        return parked

    def _judge(self, one: Aged, policies: Policies) -> Decision | None:
        """None: it may go on waiting."""
        delivery = one.delivery
        policy = policies.of(one.kind, operation=delivery.operation)
        late = self._clock.now() - self._grace - policy.timeout
        if delivery.state is State.SENDING or delivery.since_at is None or policy.expires_at(delivery.since_at) > late:
            return None
        if delivery.next_at is not None and delivery.next_at > late:
            return None  # a try is still to come; it decides
        return expired(delivery, policy, unclear=one.doubtful or delivery.state is State.UNCLEAR)

    def _parked(self, decided: tuple[Aged, Decision], future: Future[Settled]) -> bool:
        delivery, decision = decided[0].delivery, decided[1]
        try:
            settled = future.result()
        except JournalUnavailable:
            raise
        except Exception:
            log.exception("not expired delivery=%s", delivery.id)
            return False
        if not settled.applied or (settled.state is not State.PARKED and not settled.state.final):
            return False
        log.error(
            "expired message=%s endpoint=%s operation=%s since=%s problem=%s", delivery.message_id, delivery.endpoint,
            delivery.operation, delivery.since_at, decision.problem.code if decision.problem else "",
        )  # fmt: skip
        self._count(delivery.endpoint)
        self._feeder.rebuild_lane(delivery.lane)
        self._feeder.feed(settled.feed)
        return True


def _settlement(one: Aged, decision: Decision) -> Settlement:
    return Settlement(None, b"", "", one.delivery.id, "", decision)
