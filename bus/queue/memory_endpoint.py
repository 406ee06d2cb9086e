"""How the in-memory queue treats one endpoint: `lua/endpoint.lua` once more, in Python."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bus.rates import Rate
from bus.records import Breaker, EndpointOrder, EndpointView, Health

EVER = -1
BAND = 2**50
_AGE = 8
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
    rate: Rate | None = None  # ordered
    bucket: tuple[Rate, int, int] | None = None  # rate, level in parts of a token, ms when that was so
    dry: int = 0  # ms of the next token; 0 = there is one
    passed: int = 0  # urgent ones in a row that went before others

    def has_room(self, in_flight: int, cap: int, breaker: Breaker | None) -> bool:
        """For one more lane. What ends by time is ended by `wake`."""
        if self.pause is not None or self.state == "open" or self.probe or self.dry:
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
        if self.dry:
            times.append(self.dry)
        return min(times, default=None)

    def wake(self, now: int) -> None:
        """Its time has come: a pause ends, an open breaker lets one probe out, there is a token again."""
        if self.state == "open" and self.until <= now:
            self.state, self.until = "half", 0
        if self.pause is not None and self.pause != EVER and self.pause <= now:
            self.pause = None
        if self.dry <= now:
            self.dry = 0

    def order(self, order: EndpointOrder | None) -> None:
        """None: nothing is ordered any more."""
        self.cap = order.in_flight if order else None
        self.pause = None
        if order and order.paused:
            self.pause = ms_until(order)
        rate = order.rate if order else None
        if rate != self.rate:
            self.rate, self.bucket, self.dry = rate, None, 0

    def spend(self, rate: Rate, now: int) -> bool:
        """One token. False: there is none; the endpoint rests until there is."""
        level = self._level(rate, now)
        paid = level >= rate.span_s * 1000
        self._fill_up(rate, level - rate.span_s * 1000 if paid else level, now)
        return paid

    def clock_went_back(self, rate: Rate | None, now: int) -> None:
        """Nobody waits for the next token longer than it takes to come."""
        if self.dry and rate:
            self._fill_up(rate, self._level(rate, now), now)
        self.dry = self.dry if rate else 0

    def _level(self, rate: Rate, now: int) -> int:
        most = rate.burst * rate.span_s * 1000
        if self.bucket is None or self.bucket[0] != rate:
            return most
        return min(most, self.bucket[1] + max(0, now - self.bucket[2]) * rate.count)

    def _fill_up(self, rate: Rate, level: int, now: int) -> None:
        self.bucket = (rate, level, now)
        missing = rate.span_s * 1000 - level
        self.dry = now + math.ceil(missing / rate.count) if missing > 0 else 0

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

    def view(self, name: str, *, rate: Rate | None, ready: int, in_flight: int) -> EndpointView:
        """As people are shown it."""
        return EndpointView(
            endpoint=name, state=self.state or "closed", until=_moment(self.until), failures=self.fails,
            openings=self.opens, paused=self.pause is not None, paused_until=_moment(self.pause or 0),
            in_flight_most=self.cap, ready=ready, in_flight=in_flight, rate=rate,
        )  # fmt: skip

    def _open(self, token: str, breaker: Breaker, now: int) -> None:
        full = min(breaker.most_s * 1000, breaker.first_s * 1000 * 2 ** min(self.opens, 30))
        part = 50 + int(token.partition(".")[2]) * 37 % 51
        self._shut(now + math.floor(full * part / 100))
        self.opens += 1

    def _shut(self, until: int) -> None:
        self.state, self.until, self.probe, self.well, self.fails = "open", until, "", False, 0


def next_lane(scores: Mapping[str, int], state: EndpointState) -> tuple[str, int]:
    """The urgent first, but never alone; and how many in a row that makes. A probe is another than failed last."""
    lanes = sorted(scores, key=lambda name: scores[name])
    if state.state:
        return lanes[1] if len(lanes) > 1 and lanes[0] == state.last else lanes[0], state.passed
    first = scores[lanes[0]] // BAND
    behind = [lane for lane in lanes if scores[lane] // BAND > first]
    if not behind:
        return lanes[0], 0
    if state.passed < _AGE:
        return lanes[0], state.passed + 1
    return min(behind, key=lambda name: scores[name] % BAND), 0


def ms_until(order: EndpointOrder) -> int:
    """When an order ends by itself; EVER."""
    return int(order.until.timestamp() * 1000) if order.until else EVER


def _moment(ms: int) -> datetime | None:
    return None if ms in (0, EVER) else datetime.fromtimestamp(ms / 1000, UTC)
