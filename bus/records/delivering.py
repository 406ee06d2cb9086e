"""What a worker is given, and what it says of an attempt."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bus.delivery import Attempt, Delivery, State, Unclear
from bus.records.accepting import Acceptance
from bus.records.queueing import QueueRecord
from schemas.message import Message
from schemas.problem import Problem


@dataclass(frozen=True, slots=True)
class Content:
    """What is sent to the partner, made once and kept: every retry sends these bytes."""

    body: bytes
    media_type: str
    signature: str  # detached JWS, or ""
    profile: str  # digest of maps, tables and schemas used
    key_id: str = field(default="", compare=False)  # of ours that signed it; on record once it is made


@dataclass(frozen=True, slots=True)
class WorkItem:
    """All that a worker needs to try one delivery."""

    delivery: Delivery
    message: Message  # canonical
    unclear: Unclear
    identities: tuple[tuple[str, str], ...]  # (party, code) of the dossier
    content: Content | None  # None = not translated yet
    next_attempt: int  # number of the attempt to be made
    open_intent: bool  # bytes may have been sent by an attempt that left no result
    known_there: bool  # an earlier delivery of this dossier and operation was taken by this endpoint
    is_head: bool  # the first open delivery of its lane in the journal
    taken_there: frozenset[str] = frozenset()  # operations already taken by this endpoint for this dossier


@dataclass(frozen=True, slots=True)
class Intent:
    """Said before bytes are sent: a crash after the send is not a blind re-send."""

    delivery_id: str
    number: int
    token: str
    worker: str
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class Preparation:
    """One claimed batch, one commit: contents made for the first time, and the intents."""

    contents: tuple[tuple[str, Content], ...]  # (delivery id, content)
    intents: tuple[Intent, ...]


class NextStep(StrEnum):
    """What happens to the delivery after an attempt."""

    DONE = "done"
    WAIT = "wait"  # try again at `next_at`
    ASK = "ask"  # unclear: the resolver tries at `next_at`; stays head
    PARK = "park"


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision is a value: made by pure code, carried out by the shell."""

    step: NextStep
    reason: str  # Vietnamese, for the operator
    next_at: datetime | None = None
    problem: Problem | None = None
    counts: bool = True  # uses up an automatic attempt
    others: tuple[Problem, ...] = ()  # what else is wrong, beside `problem`
    expired_since: datetime | None = None  # parked as an event of its own: its deadline, since then, has passed

    @property
    def expired(self) -> bool:
        """Its deadline has passed."""
        return self.expired_since is not None


@dataclass(frozen=True, slots=True)
class Derived:
    """Messages born from a reply (a status, a question to ask later), accepted with the settlement."""

    acceptance: Acceptance


@dataclass(frozen=True, slots=True)
class Settlement:
    """The fact of an attempt and what was decided. Recorded before the queue is told."""

    attempt: Attempt | None  # None: decided without an attempt (translation failed)
    reply: bytes
    reply_media_type: str
    delivery_id: str
    token: str  # the delivery's state changes only where this still holds
    decision: Decision
    learned: tuple[tuple[str, str], ...] = ()  # identities told by the reply: (party, code)
    derived: tuple[Derived, ...] = ()


@dataclass(frozen=True, slots=True)
class Settled:
    """What the settlement did."""

    applied: bool  # False: the token no longer holds, or the lane was parked meanwhile: rebuild it in the queue
    state: State
    feed: tuple[QueueRecord, ...] = ()  # deliveries freed or born by it
    lane_goes_on: bool = False  # parked or cancelled, but what is behind it does not wait: it leaves the queue


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What an acknowledgement of a partner that fetches did."""

    codes: tuple[str, ...]  # acknowledged now or before; an unknown code is left out
    feed: tuple[QueueRecord, ...] = ()  # deliveries freed by it
