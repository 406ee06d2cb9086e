"""What the watch is told by the journal: sums, what is due, what lingers, and the workers' signs of life."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bus.delivery import Delivery, State


@dataclass(frozen=True, slots=True)
class Pulse:
    """What one worker says of itself every few seconds."""

    worker: str
    at: datetime  # when it said so
    turned_at: datetime  # when its loop last went round
    moved_at: datetime | None  # when it last settled something; None = never
    settled: int  # in its life
    in_hand: int  # claims under way
    numbers: Mapping[str, float] = field(default_factory=dict)  # what it counted, as `bus.watch.meters` names it


@dataclass(frozen=True, slots=True)
class DueHead:
    """The head of a push lane that could be sent now and has waited longest at its endpoint."""

    endpoint: str
    delivery_id: str
    lane: str
    state: State  # as stored
    since: datetime  # accepted, or to be tried again, whichever is later
    tried: bool = False  # it may have been sent: what follows is a retry


@dataclass(frozen=True, slots=True)
class Survey:
    """One look at the whole journal, cheap however long it is. All of one moment."""

    accepted: int  # deliveries ever accepted, counted at acceptance
    states: Mapping[State, int]  # as stored: READY includes what is being sent or held; counted at each change
    open_rows: int  # deliveries that are open, counted now
    due: tuple[DueHead, ...]  # at most one per endpoint

    @property
    def difference(self) -> int:
        """Accepted less what is there: anything but 0 is a fault of ours."""
        final = self.states.get(State.DELIVERED, 0) + self.states.get(State.CANCELLED, 0)
        return self.accepted - self.open_rows - final


@dataclass(frozen=True, slots=True)
class Lingering:
    """A delivery that has been in its state for long."""

    delivery: Delivery
    since: datetime  # of its last recorded step
