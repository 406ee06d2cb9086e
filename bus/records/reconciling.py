"""Reconciliation on record: which dossiers are compared, what the journal holds of each, what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bus.delivery import Delivery
from schemas.message import Envelope


class Difference(StrEnum):
    """What comparing one dossier at one endpoint came to. A closed set."""

    EQUAL = "equal"  # both sides say the same
    UNDERWAY = "underway"  # what differs is still on its way, or waits for a person here: the journal explains it
    MISSING_THERE = "missing-there"  # delivered by our record, unknown there
    MISSING_HERE = "missing-here"  # known there, not delivered by our record
    BEHIND = "status-behind"  # there stands a status that was passed already
    AHEAD = "status-ahead"  # there stands a status that we never sent
    OTHER_CONTENT = "other-content"  # same status, other dates or codes
    UNCLEAR_TAKEN = "unclear-taken"  # we did not know; it is there
    UNCLEAR_NOT_TAKEN = "unclear-not-taken"  # we did not know; it is not there
    NOT_ASKABLE = "not-askable"  # nobody can be asked about it
    NOT_ANSWERED = "not-answered"  # asked, and no usable answer came


class Progress(StrEnum):
    """How far a reconciliation is."""

    RUNNING = "running"  # or broken off: it can be resumed
    DONE = "done"  # every dossier was compared
    INCOMPLETE = "incomplete"  # every dossier was looked at, some got no answer


@dataclass(frozen=True, slots=True)
class Scope:
    """Which dossiers: those with a message accepted in the span. Empty members do not narrow."""

    since: datetime
    until: datetime
    endpoint: str = ""
    agency: str = ""  # of the sender of a message of the span; a unit below it counts too
    dossier: str = ""  # one dossier, ours; the span does not matter then


@dataclass(frozen=True, slots=True)
class Listed:
    """One dossier of a scope, at the place of its first message of the span."""

    dossier: str
    at: datetime
    message_id: str


@dataclass(frozen=True, slots=True)
class HeldDelivery:
    """One delivery of a dossier with its message's envelope. No body."""

    delivery: Delivery
    envelope: Envelope
    taken: bool  # the receiver had it at least once
    doubtful: bool  # bytes were sent and nobody knows what became of them


@dataclass(frozen=True, slots=True)
class Holding:
    """What the journal holds of one dossier."""

    dossier: str
    identities: tuple[tuple[str, str], ...]  # (party, code), the newest last
    messages: tuple[Envelope, ...]  # accepted canonical ones, in the order they were received
    deliveries: tuple[HeldDelivery, ...]  # by endpoint, lane and place in the lane


@dataclass(frozen=True, slots=True)
class Repair:
    """One act that is proposed, never done without a person's yes."""

    act: str  # replay | release | settle
    delivery_id: str
    as_then: bool = True
    seen: str = ""  # mark of the delivery that was compared


@dataclass(frozen=True, slots=True)
class Finding:
    """One dossier at one endpoint. The key is (number, endpoint)."""

    number: int  # of the dossier within the reconciliation, from 1
    dossier: str
    endpoint: str
    difference: Difference
    code: str = ""  # the dossier's name there
    own_code: str = ""  # the name the sender gave it
    ours: str = ""  # status by our record
    theirs: str = ""  # status as they say
    reason: str = ""  # Vietnamese, one sentence
    who: str = ""  # operator | partner | department | nobody
    detail: Mapping[str, str] = field(default_factory=dict)  # what differs: member → "ours ≠ theirs"
    proof: str = ""  # SHA-256 of the reply; "" = none came
    asked_at: datetime | None = None
    repairs: tuple[Repair, ...] = ()


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """One run, as far as it has come."""

    id: str
    who: str
    started_at: datetime
    scope: Scope
    total: int  # dossiers when it began
    progress: Progress = Progress.RUNNING
    step: int = 0  # grows with every record of it: two processes cannot go on with one run
    done: int = 0  # dossiers compared
    after: Listed | None = None  # the last of them
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # endpoint → difference → how many
