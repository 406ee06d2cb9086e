"""What crosses the border of the journal and the queue: plain frozen values, ids and small numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bus.delivery import Attempt, Delivery, Pattern, State, Unclear
from schemas.message import Envelope, Message
from schemas.problem import Problem

# ---------------------------------------------------------------- acceptance


@dataclass(frozen=True, slots=True)
class DossierRef:
    """How a message names its dossier: the first name already known to the journal decides."""

    names: tuple[tuple[str, str], ...]  # (party, code) as given, in order of preference
    may_create: bool  # an unknown dossier is opened; else it is a problem
    known: str = ""  # the dossier itself where we already know it (what is derived from a delivery)


@dataclass(frozen=True, slots=True)
class NewIdentity:
    """A name the dossier must have at a party before anything is delivered there; given once, for life."""

    party: str  # e.g. "cong_dvcqg", "mot_cua_cmon.online"
    prefix: str  # counter and beginning of the code, e.g. "H99.12-260706-"; "" = a bare integer
    width: int  # digits after the prefix, zero-filled; 0 = not filled
    start: int = 1  # first number of a new counter


@dataclass(frozen=True, slots=True)
class PlannedDelivery:
    """What a route decided for one message and one endpoint."""

    endpoint: str
    operation: str
    pattern: Pattern
    unclear: Unclear
    unordered: bool = False  # own lane: a question that changes nothing at the partner
    not_before: datetime | None = None
    after_endpoint: str = ""  # ordered route: held until the same message is delivered there
    priority: int = 1  # 0 urgent, 1 normal, 2 bulk


@dataclass(frozen=True, slots=True)
class AcceptItem:
    """One canonical message to be accepted. `message.envelope.order_key` is filled in by the journal."""

    message: Message
    dossier: DossierRef
    deliveries: tuple[PlannedDelivery, ...]
    idempotency_key: str = ""  # "" = no duplicate is looked for
    content_sha256: str = ""  # of the content as the sender gave it, without credentials
    update: bool = False  # same key with other content is an update, not a conflict
    identities: tuple[NewIdentity, ...] = ()
    same_dossier_as: int = -1  # index of an earlier item of this acceptance whose dossier it shares


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One envelope from outside with its items, for one transaction."""

    raw: Message  # kind "goc": the bytes as they came
    items: tuple[AcceptItem, ...]
    all_or_nothing: bool  # one bad item refuses all
    party: str  # who called, for the duplicate key's scope


class ItemStatus(StrEnum):
    """What the accepting transaction did with one item."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"  # same key, same content: nothing new was written
    CONFLICT = "conflict"  # same key, other content
    UNKNOWN_DOSSIER = "unknown-dossier"
    NOT_TAKEN = "not-taken"  # all-or-nothing, and another item was bad


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
class ItemResult:
    """One item's fate."""

    status: ItemStatus
    message_id: str  # of the item; of the first copy for a duplicate or conflict
    dossier: str
    first_state: State | None = None  # duplicate: state of the first copy's least advanced delivery
    feed: tuple[QueueRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejection:
    """A message that was refused: kept as evidence, holds no duplicate key."""

    raw: Message  # body may be cut for size; `envelope.sha256` is of the whole
    problems: tuple[Problem, ...]
    party: str  # who called; "" = not known


# ---------------------------------------------------------------- delivery


@dataclass(frozen=True, slots=True)
class Content:
    """What is sent to the partner, made once and kept: every retry sends these bytes."""

    body: bytes
    media_type: str
    signature: str  # detached JWS, or ""
    profile: str  # digest of maps, tables and schemas used


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

    applied: bool  # False: the token no longer holds; the attempt is recorded all the same
    state: State
    feed: tuple[QueueRecord, ...] = ()  # deliveries freed or born by it


# ---------------------------------------------------------------- operators


class Act(StrEnum):
    """What a person may do to one delivery."""

    RELEASE = "release"  # parked or waiting → ready now; the content already made is sent
    REPLAY = "replay"  # any state → ready; same ids; content made anew unless `as_then`
    CANCEL = "cancel"  # open → cancelled


@dataclass(frozen=True, slots=True)
class Action:
    """An operator's act on one delivery, recorded with who and why."""

    act: Act
    delivery_id: str
    who: str
    why: str
    as_then: bool = False  # replay: keep the content made then


@dataclass(frozen=True, slots=True)
class Acted:
    """What became of the act."""

    done: bool
    state: State
    reason: str  # why not, in Vietnamese; "" when done
    feed: tuple[QueueRecord, ...] = ()
    rebuild_lane: str = ""  # the queue's copy of this lane must be rebuilt from the journal


# ---------------------------------------------------------------- reading


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
class Query:
    """What the operator looks for. Empty members do not narrow."""

    text: str = ""  # dossier code, message id, or a beginning of either
    state: State | None = None
    endpoint: str = ""
    kind: str = ""
    problem_code: str = ""
    verdict: str = ""  # accepted | rejected | asked
    since: datetime | None = None
    limit: int = 50
    before: str = ""  # message id to continue from (newest first)


@dataclass(frozen=True, slots=True)
class Found:
    """One line of the list: a message and one of its deliveries (or none: an ask, or rejected)."""

    envelope: Envelope
    delivery: Delivery | None
    verdict: str  # accepted | rejected | asked
    problem_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stored:
    """One body kept in the journal."""

    role: str  # raw | canonical | content | reply:<attempt> | signature
    media_type: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Journey:
    """One message with all that happened to it, in time order."""

    envelope: Envelope
    verdict: str
    problems: tuple[dict[str, object], ...]  # as `Problem.as_json`
    bodies: tuple[Stored, ...]
    deliveries: tuple[Delivery, ...]
    attempts: tuple[Attempt, ...]
    actions: tuple[dict[str, object], ...]  # act, who, why, at
    causes: tuple[str, ...]  # ids upward, the first message of the chain last
    caused: tuple[str, ...]  # ids of messages made from this one
    identities: tuple[tuple[str, str], ...]


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
