"""Where a scenario plays: a running bus under load, its processes by role, and what can be seen from outside."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import redis

from bus.delivery import State
from bus.ports import JournalUnavailable
from bus.records import Act, Action, Query
from tests.acceptance.person import decide
from tests.acceptance.running_bus import Bus
from tests.chaos.database import Database
from tests.chaos.own_queue import OwnQueue
from tests.chaos.proxied import Proxied
from tests.chaos.turned_clock import TurnedClock
from tests.integration.queue_servers import Sentinels

PATIENCE_S = 60.0  # longer than anything may take; then it counts as not recovered
_LOOK_S = 0.05
_OFFER_S, _OFFER_AGE_S = 300, 10.0  # how long an offer is good; how long we give it
# A portal that is away for a while uses up a small budget of tries, and a worker killed again and again looks like
# poison: a person looks at these and releases.
_FOR_A_PERSON = frozenset({"LT-DLV-002", "LT-DLV-003", "LT-DLV-004", "LT-DLV-006"})
_LONG = timedelta(minutes=10)  # nothing here is put off for so long by the true time
_SENDERS = ("cmon", "facade", "portal")


class NotRecovered(Exception):
    """Something did not come back in time."""


@dataclass(slots=True)
class Stage:
    """One bus and its load. `dice` decide when a fault strikes."""

    bus: Bus
    dice: random.Random
    line_to: Proxied | None = None  # the faulty line to portal, queue or journal
    own_queue: OwnQueue | None = None
    sentinels: Sentinels | None = None
    database: Database | None = None
    clock: TurnedClock | None = None
    disk: Path | None = None  # the folder on the disk that can be filled
    unclear: int = 0  # what a person decided about
    controls: Counter[str] = field(default_factory=Counter)  # what a fault is known to have destroyed
    _refilled: float = field(default=0.0)

    # -- load --

    def push(self, dossiers: int) -> None:
        """So many dossiers, a bit more than half of them by the SOAP desk, the others by JSON and by citizens."""
        online, facade = dossiers // 5, dossiers // 4
        self.bus.demo.control("cmon", "push", {"count": dossiers - online - facade, "steps": 3})
        self.bus.demo.control("facade", "push", {"count": facade, "steps": 3})
        self.bus.demo.control("portal", "submit", {"count": online, "files": 2})

    def counts(self) -> dict[State, int]:
        """Deliveries by state, by the journal.

        Raises:
            JournalUnavailable: it is being broken just now.
        """
        return dict(self.bus.journal.counts())

    def delivered(self) -> int:
        """Deliveries done so far."""
        return self.counts()[State.DELIVERED]

    def until(self, true: Callable[[], bool], what: str) -> float:
        """Seconds until it is so; keeps the load up meanwhile.

        Raises:
            NotRecovered: it never was.
        """
        began = time.monotonic()
        while not self._holds(true):
            if time.monotonic() - began > PATIENCE_S:
                raise NotRecovered(f"{what}: not in {PATIENCE_S:.0f} s; {self._open_now()}")
            self._refill()
            time.sleep(_LOOK_S)
        return time.monotonic() - began

    def until_moving(self) -> float:
        """Seconds until one more delivery is done."""
        began = time.monotonic()
        self.until(lambda: self.delivered() >= 0, "the journal can be read")
        before = self.delivered()
        self.until(lambda: self.delivered() > before, "a delivery")
        return time.monotonic() - began

    def until_taking(self) -> float:
        """Seconds until the door takes one more item."""
        before = sum(self.counts().values())
        return self.until(lambda: sum(self.counts().values()) > before, "an item taken at the door")

    def working(self) -> bool:
        """Somebody sends, or something is to be delivered without a person."""
        states = self.counts()
        busy = sum(self.bus.demo.state(who)["open_scripts"] for who in _SENDERS)
        return bool(busy) or any(states[s] for s in (State.READY, State.SENDING, State.WAITING, State.UNCLEAR))

    def finish(self, *, within_s: float) -> int:
        """Waits until all is done, with a person at hand. Returns how many deliveries are still open."""
        end, quiet = time.monotonic() + within_s, 0
        while quiet < 3 and time.monotonic() < end:
            time.sleep(0.3)
            if self.counts()[State.READY]:
                self._age_offers()
            working = self.working()
            decided = 0 if working and self.clock is None else self._decide()
            quiet = 0 if working or decided else quiet + 1
        return sum(n for state, n in self.counts().items() if not state.final)

    def until_portal_takes(self) -> float:
        """Seconds until the portal has taken one more item."""
        before = self.bus.demo.state("portal")["committed"]
        return self.until(lambda: self.bus.demo.state("portal")["committed"] > before, "an item taken by the portal")

    def line(self, **switches: object) -> None:
        """Changes the faults of the line."""
        assert self.line_to is not None, "this scenario is not proxied"
        self.line_to.set(**switches)

    # -- processes --

    def pid(self, role: str) -> int:
        """Process id of door, worker-1, worker-2, queue or up."""
        if role == "queue":
            with self.redis() as server:
                return int(server.info("server")["process_id"])
        if role == "up":
            return self.bus.demo.pid("up")
        return int(self.bus.demo.pid_file(role).read_text())

    def kill(self, role: str) -> int:
        """kill -9. Returns the process id it had."""
        pid = self.pid(role)
        os.kill(pid, signal.SIGKILL)
        return pid

    def until_back(self, role: str, was: int) -> None:
        """Until another process plays the role."""

        def back() -> bool:
            try:
                return self.pid(role) != was
            except (ValueError, redis.RedisError):
                return False

        self.until(back, f"{role} is back")

    def redis(self) -> redis.Redis:
        """A client of the queue's server."""
        return redis.Redis.from_url(self.bus.queue_url(), socket_timeout=5)

    @property
    def data(self) -> Path:
        """The bus's data folder."""
        return self.bus.demo.folder / "data"

    # -- inside --

    def _holds(self, true: Callable[[], bool]) -> bool:
        """What cannot be seen now is not so yet."""
        try:
            return true()
        except (OSError, JournalUnavailable):
            return False

    def _open_now(self) -> str:
        try:
            return ", ".join(f"{n} {state.value}" for state, n in self.counts().items() if n)
        except JournalUnavailable as away:
            return f"journal: {away}"

    def _refill(self) -> None:
        """Nothing can move where nothing is to be done."""
        if time.monotonic() - self._refilled > 1.0:
            self._refilled = time.monotonic()
            with contextlib.suppress(OSError, JournalUnavailable):
                if not self.working():
                    self.push(5)

    def _decide(self) -> int:
        """What a person decides."""
        about = decide(self.bus, about=_FOR_A_PERSON) + self._release_what_waits_for_ever()
        self.unclear += about
        return about

    def _release_what_waits_for_ever(self) -> int:
        """What was put off while the clock stood in the future waits until then: a person sees it and releases it."""
        if self.clock is None:
            return 0
        latest = datetime.now(UTC) + _LONG
        waiting = (one.delivery for one in self.bus.journal.find(Query(state=State.WAITING, limit=500)))
        late = [one for one in waiting if one is not None and one.next_at is not None and one.next_at > latest]
        for delivery in late:
            self.bus.act(Action(Act.RELEASE, delivery.id, "người trực", "đồng hồ đã được chỉnh lại"))
        return len(late)

    def _age_offers(self) -> None:
        """An offer whose acknowledgement never came is made again after minutes; we let them pass at once.

        The only place where the suite reaches into the bus: the reply was cut together with its door.
        """
        now = int(time.time() * 1_000_000)
        made_long_ago = now + int((_OFFER_S - _OFFER_AGE_S) * 1_000_000)
        if self.database is not None:
            self.database.age_offers(over_us=now, until_us=made_long_ago)
            return
        with contextlib.closing(sqlite3.connect(self.data / "journal.sqlite", timeout=10)) as journal, journal:
            journal.execute(
                "UPDATE deliveries SET offered_us = ? WHERE open = 1 AND offered_us > ? AND offered_us < ?",
                (now, now, made_long_ago),
            )
