"""What a person does and sees."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bus.delivery import Attempt, Delivery, State
from bus.records.delivering import Derived
from bus.records.examining import Examination, Judgement
from bus.records.queueing import QueueRecord
from bus.records.retaining import ErasedMark
from schemas.message import Envelope


class Act(StrEnum):
    """What a person may do to one delivery."""

    RELEASE = "release"  # parked or waiting → ready now; the content already made is sent
    REPLAY = "replay"  # any state → ready; same ids; content made anew unless `as_then`
    CANCEL = "cancel"  # open → cancelled
    SETTLE = "settle"  # unclear or parked → delivered, on the partner's own word; nothing is sent
    DENY = "deny"  # unclear or parked → ready, on the partner's own word that it has nothing; nobody is asked again


@dataclass(frozen=True, slots=True)
class Action:
    """An operator's act on one delivery, recorded with who and why."""

    act: Act
    delivery_id: str
    who: str
    why: str
    as_then: bool = False  # replay: keep the content made then
    plan: str = ""  # id of the plan it belongs to: done once, and noted there in the same commit
    item: int = 0  # number in that plan
    learned: tuple[tuple[str, str], ...] = ()  # settle: what the partner calls the dossier: (party, code)
    derived: tuple[Derived, ...] = ()  # settle: what follows, accepted with it
    seen: str = ""  # mark of the delivery the person decided on; refused if something happened since. "" = any


@dataclass(frozen=True, slots=True)
class Acted:
    """What became of the act."""

    done: bool
    state: State
    reason: str  # why not, in Vietnamese; "" when done
    feed: tuple[QueueRecord, ...] = ()
    rebuild_lane: str = ""  # the queue's copy of this lane must be rebuilt from the journal


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
    attachments: Judgement | None = None  # the worst of its attachments' signatures


@dataclass(frozen=True, slots=True)
class Found:
    """One line of the list: a message and one of its deliveries (or none: an ask, or rejected)."""

    envelope: Envelope
    delivery: Delivery | None
    verdict: str  # accepted | rejected | asked
    problem_codes: tuple[str, ...]
    examination: Examination | None = None  # of its attachments, in short; None = nothing to look at


@dataclass(frozen=True, slots=True)
class Stored:
    """One body kept in the journal."""

    role: str  # raw | canonical | content | reply:<attempt> | signature
    media_type: str
    sha256: str
    size: int
    erased: ErasedMark | None = None  # its bytes are gone; digest and size are those it had


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
    examination: Examination | None = None  # of the signatures in its attachments; None = nothing to look at
