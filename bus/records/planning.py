"""Plans: many acts of one person, written down before the first is done, so that a broken-off plan goes on later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bus.records.operating import Act


class PlanAct(StrEnum):
    """What is to be done to one subject."""

    RELEASE = "release"  # subject: a delivery
    REPLAY = "replay"  # a delivery; its content is made anew
    REPLAY_AS_THEN = "replay-as-then"  # a delivery; the content made then
    CANCEL = "cancel"  # a delivery
    SETTLE = "settle"  # a delivery that the partner says it has
    DENY = "deny"  # a delivery that the partner says it does not have
    TAKE_AGAIN = "take-again"  # a refused message: its raw bytes go through the door's pipeline once more

    @property
    def act(self) -> Act | None:
        """The act on a delivery; None = the subject is a message."""
        return _ACTS.get(self)


_ACTS: Mapping[PlanAct, Act] = {
    PlanAct.RELEASE: Act.RELEASE,
    PlanAct.REPLAY: Act.REPLAY,
    PlanAct.REPLAY_AS_THEN: Act.REPLAY,
    PlanAct.CANCEL: Act.CANCEL,
    PlanAct.SETTLE: Act.SETTLE,
    PlanAct.DENY: Act.DENY,
}


class PlanState(StrEnum):
    """Where a plan is."""

    OPEN = "open"  # something is left to be done
    DONE = "done"  # every item was looked at
    CANCELLED = "cancelled"  # what was left will not be done


class PlanItemState(StrEnum):
    """Where one item is."""

    OPEN = "open"
    DONE = "done"
    REFUSED = "refused"  # it was not allowed, or did not work; the result says why
    DROPPED = "dropped"  # the plan was cancelled before its turn


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One item of a plan that is being made."""

    subject: str  # id of a delivery, or of a message where the act says so
    act: PlanAct
    note: str = ""  # why this one, where the plan's own reason does not say it
    seen: str = ""  # mark of the delivery when it was decided on: not touched if something happened since; "" = any


@dataclass(frozen=True, slots=True)
class PlanDraft:
    """A plan as a person, or a comparison, makes it. Nothing of it is done yet."""

    who: str
    why: str
    source: str  # what made it: "release", "replay", "cancel", "settle", "reconcile"
    lines: tuple[PlanLine, ...]
    per_minute: int = 0  # items at most; 0 = as fast as they go


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as it stands."""

    id: str
    made_at: datetime
    who: str
    why: str
    source: str
    per_minute: int
    state: PlanState
    ended_by: str = ""  # who cancelled it
    ended_why: str = ""
    tally: Mapping[PlanItemState, int] = field(default_factory=dict)  # every state is named

    @property
    def total(self) -> int:
        """Items."""
        return sum(self.tally.values())


@dataclass(frozen=True, slots=True)
class PlanItem:
    """One item as it stands."""

    plan_id: str
    number: int  # from 1, in the order they are done
    subject: str
    act: PlanAct
    note: str
    state: PlanItemState
    result: str  # why it was refused, or what came of it; Vietnamese or an id; "" = nothing to say
    at: datetime | None  # when it was done
    seen: str = ""  # as in the line


@dataclass(frozen=True, slots=True)
class PlanNote:
    """What became of one item, where it is no act on a delivery (that one notes itself)."""

    plan_id: str
    number: int
    state: PlanItemState
    result: str = ""
