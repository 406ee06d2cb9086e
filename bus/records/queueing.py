"""What the queue is told and tells: ids and small numbers only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bus.rates import Rate

ALL = "*"  # an order for all endpoints


NOBODY = "*"  # a predecessor that no lane ends with: the queue refuses the record, and the lane is rebuilt


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
    tried: bool = False  # was sent before: what follows is a retry


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


class Health(StrEnum):
    """What an attempt says of the endpoint, not of the delivery."""

    UNKNOWN = ""  # nothing
    WELL = "well"  # it answered, whatever it said
    ILL = "ill"  # nobody there, or no answer came


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
    health: Health = Health.UNKNOWN
    tried: bool = False  # DELAY after an attempt that counts: what follows is a retry


@dataclass(frozen=True, slots=True)
class Breaker:
    """When an endpoint is let alone, and for how long. Shared by all workers."""

    failures: int = 5  # in a row; 0 = never
    first_s: float = 5.0  # longest first rest; at least half of it
    most_s: float = 60.0  # longest rest ever


@dataclass(frozen=True, slots=True)
class EndpointOrder:
    """What a person ordered for one endpoint, or for ALL. The newest one holds, as a whole."""

    endpoint: str
    who: str
    why: str
    paused: bool = False
    until: datetime | None = None  # the pause ends by itself; None = a person ends it
    in_flight: int | None = None  # deliveries at once; None = as in the settings
    at: datetime | None = None  # when it was ordered; the journal says it
    rate: Rate | None = None  # None = as in the settings
    retries_stopped: bool = False  # ALL: what was tried before is not tried again; may end by itself, as a pause


@dataclass(frozen=True, slots=True)
class Standing:
    """All orders that hold. The revision grows with each order."""

    revision: int = 0
    orders: tuple[EndpointOrder, ...] = ()

    @property
    def retries(self) -> EndpointOrder | None:
        """The order that stops all retries; None = they go on."""
        return next((one for one in self.orders if one.endpoint == ALL and one.retries_stopped), None)


@dataclass(frozen=True, slots=True)
class EndpointView:
    """How the queue treats one endpoint now."""

    endpoint: str
    state: str  # closed | open | half
    until: datetime | None  # open: then one probe goes out
    failures: int  # in a row
    openings: int  # in a row
    paused: bool
    paused_until: datetime | None  # None: not paused, or without end
    in_flight_most: int | None  # ordered; None = as in the settings
    ready: int  # lanes
    in_flight: int
    rate: Rate | None = None  # ordered, or as in the settings


class Place(StrEnum):
    """Where the queue has a lane."""

    READY = "ready"
    WAITING = "waiting"
    LEASED = "leased"
    PARKED = "parked"
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True)
class QueueStats:
    """Sizes, for health and the sweep."""

    generation: int
    ready: int
    leased: int
    delayed: int
    parked: int  # lanes
    queued: int  # deliveries
    evicts: str = ""  # how the server throws keys away when it is full, which it must not; "" = it does not
