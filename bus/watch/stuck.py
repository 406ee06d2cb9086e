"""What has been in one state for too long: why, who must act, and the command to type. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bus.days import VIETNAM
from bus.delivery import Pattern, State
from bus.masking import mask_text
from bus.records import Lingering
from bus.windows import Holidays
from schemas.message import Envelope
from schemas.problem import Problem, Stage, problem


class Reason(StrEnum):
    """In what way it is stuck."""

    READY = "ready"
    SENDING = "sending"
    UNCLEAR = "unclear"
    PARKED = "parked"
    NOT_FETCHED = "not-fetched"
    UNDELIVERED = "undelivered"


REASON_CODES = {
    Reason.READY: "LT-WCH-011",
    Reason.SENDING: "LT-WCH-012",
    Reason.UNCLEAR: "LT-WCH-013",
    Reason.PARKED: "LT-WCH-014",
    Reason.NOT_FETCHED: "LT-WCH-017",
    Reason.UNDELIVERED: "LT-WCH-016",
}
_COMMANDS = {
    Reason.READY: "lienthong doctor",
    Reason.SENDING: "lienthong doctor",
    Reason.UNCLEAR: "lienthong show {message}",
    Reason.PARKED: "lienthong show {message}",
    Reason.NOT_FETCHED: "lienthong show {message}",
    Reason.UNDELIVERED: "lienthong show {message}",
}


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each state may last."""

    ready: timedelta = timedelta(seconds=60)
    sending: timedelta = timedelta(seconds=90)  # longer than a lease
    unclear: timedelta = timedelta(hours=1)
    fetch: timedelta = timedelta(days=1)
    parked_working_days: int = 1
    undelivered: timedelta = timedelta(seconds=60)

    def of(self, state: State) -> timedelta:
        """The shortest it can be for anything in this state; the rest is looked at one by one."""
        if state is State.PARKED:
            return timedelta(days=self.parked_working_days)
        return {State.READY: min(self.ready, self.fetch), State.SENDING: self.sending}.get(state, self.unclear)


@dataclass(frozen=True, slots=True)
class Stuck:
    """One line of the list."""

    reason: Reason
    since: datetime
    message_id: str
    delivery_id: str  # "" = the message has none
    endpoint: str
    behind: int  # deliveries that wait behind it
    problem: Problem  # why, what to do, who must act
    command: str


def of_delivery(one: Lingering, patience: Patience, *, now: datetime, holidays: Holidays, behind: int) -> Stuck | None:
    """The line for it; None = it may take that long."""
    delivery = one.delivery
    reason = _reason(one, patience, now=now, holidays=holidays)
    if reason is None:
        return None
    values = {"endpoint": delivery.endpoint, "age": age(now - one.since), "reason": mask_text(delivery.reason) or "–"}
    return Stuck(
        reason=reason, since=one.since, message_id=delivery.message_id, delivery_id=delivery.id,
        endpoint=delivery.endpoint, behind=behind, problem=problem(REASON_CODES[reason], Stage.DELIVER, values),
        command=_COMMANDS[reason].format(message=delivery.message_id),
    )  # fmt: skip


def of_message(envelope: Envelope, *, now: datetime) -> Stuck:
    """The line for a message that nobody gets."""
    cause = problem(REASON_CODES[Reason.UNDELIVERED], Stage.ROUTE, {"age": age(now - envelope.received_at)})
    return Stuck(
        reason=Reason.UNDELIVERED, since=envelope.received_at, message_id=envelope.id, delivery_id="", endpoint="",
        behind=0, problem=cause, command=_COMMANDS[Reason.UNDELIVERED].format(message=envelope.id),
    )  # fmt: skip


def _reason(one: Lingering, patience: Patience, *, now: datetime, holidays: Holidays) -> Reason | None:
    delivery, lasted = one.delivery, now - one.since
    pull = delivery.pattern is Pattern.PULL
    if delivery.state is State.PARKED:
        late = working_days(one.since, now, holidays) >= patience.parked_working_days
        return Reason.PARKED if late else None
    if delivery.state in (State.READY, State.SENDING) and pull:
        return Reason.NOT_FETCHED if lasted >= patience.fetch else None
    limits: Mapping[State, tuple[Reason, timedelta]] = {
        State.READY: (Reason.READY, patience.ready),
        State.SENDING: (Reason.SENDING, patience.sending),
        State.UNCLEAR: (Reason.UNCLEAR, patience.unclear),
    }
    reason, limit = limits.get(delivery.state, (None, timedelta()))
    return reason if lasted >= limit else None


def working_days(since: datetime, now: datetime, holidays: Holidays) -> int:
    """Whole days of work between two moments: from an hour of one working day to the same hour of the next is one."""
    begin, end = since.astimezone(VIETNAM), now.astimezone(VIETNAM)
    many, day = 0, begin + timedelta(days=1)
    while day <= end:
        many += is_working(day, holidays)
        day += timedelta(days=1)
    return many


def is_working(day: datetime, holidays: Holidays) -> bool:
    """Monday to Friday but for holidays, and days made up for them."""
    date = day.date()
    return date in holidays.made_up or (date.weekday() < 5 and date not in holidays.off)


def age(lasted: timedelta) -> str:
    """3 d 4 h, 12 min 5 s: the two largest units, in signs that both languages share."""
    seconds = int(lasted.total_seconds())
    if seconds >= 86_400:
        return f"{seconds // 86_400} d {seconds % 86_400 // 3600} h"
    if seconds >= 3600:
        return f"{seconds // 3600} h {seconds % 3600 // 60} min"
    return f"{seconds // 60} min {seconds % 60} s" if seconds >= 60 else f"{seconds} s"
