"""How the in-memory queue treats one endpoint: `lua/endpoint.lua` once more, in Python."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from bus.records import Breaker, EndpointView, Health

EVER = -1
_AGAIN_MS = 1000


@dataclass(slots=True)
class EndpointState:
    """As `ep:<endpoint>` in `lua/keys.lua`."""

    cap: int | None = None
    pause: int | None = None  # ms until; EVER
    state: str = ""  # "" = closed | open | half
    until: int = 0
    probe: str = ""
    well: bool = False
    fails: int = 0
    opens: int = 0
    last: str = ""

    def has_room(self, in_flight: int, cap: int, breaker: Breaker | None) -> bool:
        """For one more lane. What ends by time is ended by `wake`."""
        if self.pause is not None or self.state == "open" or self.probe:
            return False
        most = self.cap if self.cap is not None else cap
        if breaker and not self.state and not self.well:
            most = min(most, max(1, breaker.failures - self.fails))
        return in_flight < most

    def next_look(self) -> int | None:
        """When something ends by itself."""
        times = [self.until] if self.state == "open" else []
        if self.pause is not None and self.pause != EVER:
            times.append(self.pause)
        return min(times, default=None)

    def wake(self, now: int) -> None:
        """Its time has come: a pause ends, an open breaker lets one probe out."""
        if self.state == "open" and self.until <= now:
            self.state, self.until = "half", 0
        if self.pause is not None and self.pause != EVER and self.pause <= now:
            self.pause = None

    def told(self, lane: str, token: str, health: Health, breaker: Breaker | None, now: int) -> None:
        """What a settlement says of the endpoint."""
        if health is Health.UNKNOWN or not breaker:
            return
        if health is Health.WELL:
            self.state, self.until, self.probe, self.fails, self.opens, self.last = "", 0, "", 0, 0, ""
            self.well = True
        elif not self.state:
            self.fails += 1
            self.well, self.last = False, lane
            if self.fails >= breaker.failures:
                self._open(token, breaker, now)
        elif self.probe == token:
            self.last = lane
            self._open(token, breaker, now)

    def unleased(self, token: str, now: int) -> None:
        """If that was the probe and nothing was told, another goes out soon."""
        if self.probe and self.probe == token:
            self._shut(now + _AGAIN_MS)

    def view(self, name: str, *, ready: int, in_flight: int) -> EndpointView:
        """As people are shown it."""
        return EndpointView(
            endpoint=name, state=self.state or "closed", until=_moment(self.until), failures=self.fails,
            openings=self.opens, paused=self.pause is not None, paused_until=_moment(self.pause or 0),
            in_flight_most=self.cap, ready=ready, in_flight=in_flight,
        )  # fmt: skip

    def _open(self, token: str, breaker: Breaker, now: int) -> None:
        full = min(breaker.most_s * 1000, breaker.first_s * 1000 * 2 ** min(self.opens, 30))
        part = 50 + int(token.partition(".")[2]) * 37 % 51
        self._shut(now + math.floor(full * part / 100))
        self.opens += 1

    def _shut(self, until: int) -> None:
        self.state, self.until, self.probe, self.well, self.fails = "open", until, "", False, 0


def _moment(ms: int) -> datetime | None:
    return None if ms in (0, EVER) else datetime.fromtimestamp(ms / 1000, UTC)
