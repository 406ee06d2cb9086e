"""Where a scenario plays: a running bus under load, its processes by role, and what can be seen from outside."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import redis

from bus.delivery import State
from bus.ports import JournalUnavailable
from tests.acceptance.person import decide
from tests.acceptance.running_bus import Bus
from tests.chaos.proxied import Proxied

PATIENCE_S = 60.0  # longer than anything may take; then it counts as not recovered
_LOOK_S = 0.05
_OFFER_S, _OFFER_AGE_S = 300, 10.0  # how long an offer is good; how long we give it
# A portal that is away for a while uses up a small budget of tries, and a worker killed again and again looks like
# poison: a person looks at these and releases.
_FOR_A_PERSON = frozenset({"LT-DLV-002", "LT-DLV-003", "LT-DLV-004", "LT-DLV-006"})


class NotRecovered(Exception):
    """Something did not come back in time."""


@dataclass(slots=True)
class Stage:
    """One bus and its load. `dice` decide when a fault strikes."""

    bus: Bus
    dice: random.Random
    proxy: Proxied | None = None  # the line between bus and portal, where it goes through the faulty proxy
    unclear: int = 0
    _refilled: float = field(default=0.0)

    # -- load --

    def push(self, dossiers: int) -> None:
        """So many dossiers, a bit more than half of them by the SOAP desk, the others by JSON and by citizens."""
        online, facade = dossiers // 5, dossiers // 4
        self.bus.demo.control("cmon", "push", {"count": dossiers - online - facade, "steps": 3})
        self.bus.demo.control("facade", "push", {"count": facade, "steps": 3})
        self.bus.demo.control("portal", "submit", {"count": online, "files": 2})

    def counts(self) -> dict[State, int]:
        """Deliveries by state, by the journal."""
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
        while not true():
            if time.monotonic() - began > PATIENCE_S:
                open_now = ", ".join(f"{n} {state.value}" for state, n in self.counts().items() if n)
                raise NotRecovered(f"{what}: not in {PATIENCE_S:.0f} s; {open_now}")
            self._refill()
            time.sleep(_LOOK_S)
        return time.monotonic() - began

    def until_moving(self) -> float:
        """Seconds until one more delivery is done."""
        before = self.delivered()
        return self.until(lambda: self.delivered() > before, "a delivery")

    def until_taking(self) -> float:
        """Seconds until the door takes one more item."""
        before = sum(self.counts().values())
        return self.until(lambda: sum(self.counts().values()) > before, "an item taken at the door")

    def _refill(self) -> None:
        """Nothing can move where nothing is to be done."""
        if time.monotonic() - self._refilled > 1.0:
            self._refilled = time.monotonic()
            with contextlib.suppress(OSError, JournalUnavailable):
                if not self.working():
                    self.push(5)

    def working(self) -> bool:
        """Somebody sends, or something is to be delivered without a person."""
        states = self.counts()
        busy = sum(self.bus.demo.state(who)["open_scripts"] for who in ("cmon", "facade", "portal"))
        return bool(busy) or any(states[s] for s in (State.READY, State.SENDING, State.WAITING, State.UNCLEAR))

    def decide(self) -> int:
        """What a person decides."""
        about = decide(self.bus, about=_FOR_A_PERSON)
        self.unclear += about
        return about

    def finish(self, *, within_s: float) -> int:
        """Waits until all is done, with a person at hand. Returns how many deliveries are still open."""
        end, quiet = time.monotonic() + within_s, 0
        while quiet < 3 and time.monotonic() < end:
            time.sleep(0.3)
            if self.counts()[State.READY]:
                self._age_offers()
            working = self.working()
            decided = 0 if working else self.decide()
            quiet = 0 if working or decided else quiet + 1
        return sum(n for state, n in self.counts().items() if not state.final)

    def _age_offers(self) -> None:
        """An offer whose acknowledgement never came is made again after minutes; we let them pass at once.

        The only place where the suite reaches into the bus: the reply was cut together with its door.
        """
        now = int(time.time() * 1_000_000)
        made_long_ago = now + int((_OFFER_S - _OFFER_AGE_S) * 1_000_000)
        with contextlib.closing(sqlite3.connect(self.data / "journal.sqlite", timeout=10)) as journal, journal:
            journal.execute(
                "UPDATE deliveries SET offered_us = ? WHERE open = 1 AND offered_us > ? AND offered_us < ?",
                (now, now, made_long_ago),
            )

    def until_portal_takes(self) -> float:
        """Seconds until the portal has taken one more item."""
        before = self.bus.demo.state("portal")["committed"]
        return self.until(lambda: self.bus.demo.state("portal")["committed"] > before, "an item taken by the portal")

    def line(self, **switches: object) -> None:
        """Changes the faults of the line to the portal."""
        assert self.proxy is not None, "this scenario is not proxied"
        self.proxy.set(**switches)

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
            except (OSError, ValueError, redis.RedisError):
                return False

        self.until(back, f"{role} is back")

    def redis(self) -> redis.Redis:
        """A client of the queue's server."""
        return redis.Redis.from_url(self.bus.queue_url(), socket_timeout=5)

    @property
    def data(self) -> Path:
        """The bus's data folder."""
        return self.bus.demo.folder / "data"
