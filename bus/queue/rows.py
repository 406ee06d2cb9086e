"""Arguments and replies of the Lua functions: from the port's values and back."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from bus.queue.line import Argument, Reply
from bus.rates import Rate
from bus.records import ALL, Breaker, EndpointOrder, EndpointView, LaneSnapshot, Standing

EVER = "ever"  # without end
_WIDTH = 10  # values that tell of one endpoint


def number_of(text: str) -> int:
    """What stands there instead of a number was not written by us: as good as nothing, so that it is rebuilt."""
    try:
        return int(text or 0)
    except ValueError:
        return 0


def rules_of(in_flight: int, breaker: Breaker | None, rates: Mapping[str, Rate]) -> str:
    """What every call carries: how endpoints are treated that nobody ordered anything for."""
    text = f"{in_flight},0,0,0"
    if breaker is not None:
        text = f"{in_flight},{breaker.failures},{int(breaker.first_s * 1000)},{int(breaker.most_s * 1000)}"
    return text + "".join(f";{endpoint}={_rate(rate)}" for endpoint, rate in rates.items())


def obey_row(standing: Standing) -> list[Argument]:
    """All orders."""
    stop = standing.retries
    row: list[Argument] = [standing.revision, "" if stop is None else _until(stop)]
    for order in standing.orders:
        if order.endpoint != ALL:
            pause = _until(order) if order.paused else ""
            row += (order.endpoint, pause, order.in_flight or "", _rate(order.rate) if order.rate else "")
    return row


def _rate(rate: Rate) -> str:
    return f"{rate.count}/{rate.span_s * 1000}/{rate.burst}"


def _until(order: EndpointOrder) -> Argument:
    return to_ms(order.until) if order.until else EVER


def views_of(reply: Reply) -> tuple[EndpointView, ...]:
    """By name."""
    views = (_view(reply[n : n + _WIDTH]) for n in range(0, len(reply), _WIDTH))
    return tuple(sorted(views, key=lambda view: view.endpoint))


def _view(row: Sequence[Argument]) -> EndpointView:
    name, state, until, fails, opens, pause, cap, rate, ready, in_flight = row
    return EndpointView(
        endpoint=str(name),
        state=str(state) or "closed",
        until=_moment(until),
        failures=int(fails or 0),
        openings=int(opens or 0),
        paused=bool(pause),
        paused_until=None if pause == EVER else _moment(pause),
        in_flight_most=int(cap) if cap else None,
        ready=int(ready),
        in_flight=int(in_flight),
        rate=_read_rate(str(rate)),
    )


def _read_rate(text: str) -> Rate | None:
    if not text:
        return None
    count, span_ms, burst = map(int, text.split("/"))
    return Rate(count, span_ms // 1000, burst)


def _moment(ms: Argument) -> datetime | None:
    return datetime.fromtimestamp(int(ms) / 1000, UTC) if ms else None


def to_ms(at: datetime | None) -> int:
    """0 = at once."""
    return int(at.timestamp() * 1000) if at else 0


def entries_of(snapshot: LaneSnapshot) -> list[Argument]:
    """What may be fed of a lane: everything before the first held one."""
    row: list[Argument] = []
    for d in itertools.takewhile(lambda d: not d.held, snapshot.deliveries):
        row += (d.delivery_id, d.priority, to_ms(d.not_before), int(d.parked), int(d.tried))
    return row
