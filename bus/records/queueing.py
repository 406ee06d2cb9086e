"""What the queue is told and tells: ids and small numbers only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class QueueRecord:
    """One delivery on its way into the queue."""

    delivery_id: str
    lane: str
    endpoint: str
    priority: int
    predecessor: str  # delivery still open before it in its lane at commit; "" = it is the head
    not_before: datetime | None


@dataclass(frozen=True, slots=True)
class LaneDelivery:
    """One open delivery in its lane, as the feeder needs it."""

    delivery_id: str
    priority: int
    not_before: datetime | None  # waiting until then; or the live intent's lease of a head
    parked: bool
    held: bool  # ordered route: not to be fed yet, and nothing behind it


@dataclass(frozen=True, slots=True)
class LaneSnapshot:
    """The open push deliveries of one lane, in sequence."""

    lane: str
    endpoint: str
    deliveries: tuple[LaneDelivery, ...]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A lease on the head of a lane."""

    delivery_id: str
    lane: str
    endpoint: str
    token: str  # generation "." counter
    lease_until_ms: int  # server time, ms since epoch
    crashes: int


class QueueStep(StrEnum):
    """What the queue is told after a settlement."""

    DONE = "done"  # head leaves the lane
    DELAY = "delay"  # head stays; tried again at `at`
    PARK = "park"  # head stays; the lane rests until a person acts


@dataclass(frozen=True, slots=True)
class QueueSettle:
    """One settlement for the queue."""

    delivery_id: str
    lane: str
    endpoint: str
    token: str
    step: QueueStep
    at: datetime | None = None  # DELAY


@dataclass(frozen=True, slots=True)
class QueueStats:
    """Sizes, for health and the sweep."""

    generation: int
    ready: int
    leased: int
    delayed: int
    parked: int  # lanes
    queued: int  # deliveries
