"""What comes in: one envelope with its items, and what the accepting transaction made of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bus.delivery import AfterParking, Pattern, State, Unclear
from bus.records.examining import AttachmentFact, AttachmentPolicy
from bus.records.queueing import QueueRecord
from schemas.message import Message
from schemas.problem import Problem


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
    reason: str = ""  # why not before `not_before`, for the operator
    after_parking: AfterParking = AfterParking.HOLD
    replaces: str = ""  # kind of message of which a later one tells all that this one tells; "" = none


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
    attachments: AttachmentPolicy = AttachmentPolicy.OFF  # OFF: none may carry signatures, or nobody asks
    examined: tuple[AttachmentFact, ...] | None = None  # of its attachments; None = they wait to be looked at
    unfit: tuple[Problem, ...] = ()  # why it is refused, unless it is a duplicate of one that was taken


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
    UNFIT = "unfit"  # its attachments are refused
    NOT_TAKEN = "not-taken"  # all-or-nothing, and another item was bad


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
