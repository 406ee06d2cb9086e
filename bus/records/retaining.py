"""How long bodies are kept: what is known of a message that may lose its bodies, what is chosen, what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bus.records.jobs import Held


class Fate(StrEnum):
    """Of a message's bodies, and if they stay, why."""

    ERASE = "erase"
    KEEP = "keep"  # no rule erases its kind
    YOUNG = "young"  # not finished for long enough
    OPEN = "open"  # it, its kin or its dossier is under way, or its attachments were not looked at yet
    PLANNED = "planned"  # an open plan names it
    HOLD = "hold"  # a person said that it stays
    UNSEALED = "unsealed"  # what proves it has no seal yet, or no time-stamp


@dataclass(frozen=True, slots=True)
class ErasedMark:
    """Stands where a body was."""

    at: datetime
    rule: str  # setting and days, e.g. "retention.body_days = 365"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message that still has bodies. What stands in the way is told of its kin too: what it was made from, and
    what was made from it."""

    message_id: str
    kind: str
    kinds: tuple[str, ...]  # whose rules hold: its own; for bytes as they came, those of what was made from them
    finished_at: datetime  # when something last happened to a delivery of the kin; without any, when it came
    bodies: int
    size_bytes: int
    is_open: bool
    is_planned: bool
    is_marked: bool
    is_sealed: bool
    is_stamped: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """One message whose bodies are to go."""

    message_id: str
    rule: str
    finished_before: datetime


@dataclass(frozen=True, slots=True)
class Erasure:
    """One page of the job: bodies go and the checkpoint moves, in one transaction, or neither."""

    held: Held
    until: datetime  # the lease lasts until then
    position: str
    choices: tuple[Choice, ...]
    who: str
    stamped: bool  # only what has a time-stamp


@dataclass(frozen=True, slots=True)
class Erased:
    """What a page did."""

    messages: int
    bodies: int
    size_bytes: int
    left: tuple[str, ...]  # messages that were chosen and stay: something came in the way meanwhile


@dataclass(frozen=True, slots=True)
class Hold:
    """A person's mark: the bodies of this message and of its kin stay."""

    message_id: str
    at: datetime
    who: str
    why: str


@dataclass(frozen=True, slots=True)
class HoldOrder:
    """Sets the mark or takes it away."""

    message_id: str
    hold: bool
    who: str
    why: str


@dataclass(frozen=True, slots=True)
class KeptSum:
    """Bodies of one kind."""

    kind: str
    erased: bool
    bodies: int
    size_bytes: int  # as they were
