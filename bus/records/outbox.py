"""What a partner that fetches says of single items: it has one, it cannot take one, it needs longer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bus.records.queueing import QueueRecord


class Word(StrEnum):
    """What is said of an item."""

    ACK = "ack"  # they have it
    LATER = "later"  # not now: offered again at a time
    REFUSE = "refuse"  # never like this: left to a person
    EXTEND = "extend"  # they are still at it


class Fate(StrEnum):
    """What became of it; told to the partner word by word."""

    ACKNOWLEDGED = "acknowledged"  # delivered by this
    ALREADY = "already"  # it was delivered before: an acknowledgement may be said again
    RETURNED = "returned"  # offered again later
    PARKED = "parked"  # a person has to look at it
    EXTENDED = "extended"
    NOT_OFFERED = "not-offered"  # it was not handed out to them, or has been taken back since
    CLOSED = "closed"  # cancelled, or told by a newer one
    UNKNOWN = "unknown"  # there is none, or it is not theirs: the same answer


@dataclass(frozen=True, slots=True)
class Spoken:
    """One item and what is said of it."""

    delivery_id: str
    word: Word
    reason: str = ""  # LATER, REFUSE: the partner's own words
    until: datetime | None = None  # LATER: not before; EXTEND: on offer until


@dataclass(frozen=True, slots=True)
class Heard:
    """One fate for each item, in order, and what the queue can now be told of."""

    fates: tuple[Fate, ...]
    feed: tuple[QueueRecord, ...] = ()
