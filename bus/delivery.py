"""A delivery: one message towards one endpoint, in exactly one named state, for a stated reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bus.outcome import Outcome


class State(StrEnum):
    """Where a delivery is. Accepted = the sum of these, always.

    READY, WAITING, UNCLEAR, PARKED, DELIVERED and CANCELLED are stored. SENDING (a live intent without a
    result) and HELD (open, but not the head of its lane; or behind another lane's delivery) are derived.
    """

    READY = "ready"
    SENDING = "sending"
    WAITING = "waiting"
    HELD = "held"
    UNCLEAR = "unclear"
    PARKED = "parked"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Nothing will happen to it any more by itself."""
        return self in (State.DELIVERED, State.CANCELLED)


class Pattern(StrEnum):
    """How an endpoint is served."""

    PUSH = "push"  # we call them; through the queue
    PULL = "pull"  # they fetch and acknowledge; a query on the journal, never in Redis


class AfterParking(StrEnum):
    """What a parked delivery means for those behind it in its lane. Said by its route."""

    HOLD = "hold"  # nothing passes it
    SKIP = "skip"  # it stands aside: the others go on
    SUPERSEDE = "supersede"  # nothing passes it, but a later one that tells all it tells takes its place


class Unclear(StrEnum):
    """What an operation does when nobody knows whether it was taken."""

    ASK = "ask"  # ask the partner by id
    REPEAT = "repeat"  # send the same content again: repeating is safe
    PARK = "park"  # a person must look


@dataclass(frozen=True, slots=True)
class Delivery:
    """One row of the journal's deliveries, as read. `id` = message:endpoint, for life."""

    id: str
    message_id: str
    endpoint: str
    operation: str
    pattern: Pattern
    lane: str  # order key and endpoint; the unit of order
    lane_seq: int  # place in the lane, given under a row lock at acceptance
    state: State
    reason: str  # one sentence in Vietnamese for operators; "" where the state says all
    problem_code: str  # set while parked
    attempts_used: int  # automatic attempts that counted, ever
    manual_used: int  # attempts asked for by a person that counted, ever
    crashes: int  # leases that ran out under it
    created_at: datetime
    next_at: datetime | None  # when waiting: not before this
    held_behind: str  # delivery id of the one it waits for; "" = none
    last_outcome: Outcome | None
    since_at: datetime | None = None  # when it first could be sent, or was released last: the deadline counts from it
    used_before: int = 0  # of `attempts_used`, those before it was released last
    asked_by: str = ""  # who asked for the next attempt; "" = nobody, it is automatic
    mark: str = ""  # another one after everything that happened to it; an act may be bound to it

    @property
    def tries_used(self) -> int:
        """Automatic attempts of the present budget: a release or replay begins a fresh one."""
        return self.attempts_used - self.used_before


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try, a fact: never changed once recorded. Key = message:endpoint:number."""

    delivery_id: str
    number: int
    by: str  # "worker" or the person who asked for it
    worker: str
    token: str  # fencing token under which it was made
    started_at: datetime
    duration_ms: int
    outcome: Outcome
    status: int
    code: str
    text: str
    problem_code: str
    request_sha256: str
    request_size: int
    reply_sha256: str
    reply_size: int
    peer: str
    asked: bool = False  # a question about the message; its content was not sent


def delivery_id(message_id: str, endpoint: str) -> str:
    """The delivery key. An attempt key adds `:number`: the two are never mixed up (see docs/adr)."""
    return f"{message_id}:{endpoint}"
