"""What the in-memory queue knows of one delivery and one lease: `lua/keys.lua` once more, in Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile

from bus.records import LaneDelivery


@dataclass(slots=True)
class Record:
    """What is known of one delivery; as `m` in `lua/keys.lua`."""

    id: str
    lane: str
    endpoint: str
    score: int
    crashes: int = 0
    due_ms: int = 0
    parked: bool = False
    tried: bool = False


@dataclass(frozen=True, slots=True)
class Lease:
    """Who holds the head of a lane; as `own`."""

    token: str
    id: str
    endpoint: str
    worker: str


def fed(deliveries: Iterable[LaneDelivery]) -> list[LaneDelivery]:
    """What may be fed of a lane: everything before the first held one."""
    return list(takewhile(lambda d: not d.held, deliveries))


def due(times: Mapping[str, int], now: int) -> list[str]:
    """Whose time has come, in its order."""
    return sorted((lane for lane, at in times.items() if at <= now), key=lambda lane: (times[lane], lane))
