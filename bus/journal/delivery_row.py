"""One row of deliveries as it is stored, and what readers get to see of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from bus.delivery import AfterParking, Delivery, Pattern, State
from bus.journal.moments import from_us, maybe_from_us
from bus.outcome import Outcome
from bus.records.queueing import QueueRecord

ENDED, IN_LANE, ASIDE = 0, 1, 2  # the column `open`


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """Column by column; the columns are explained in tables.py."""

    id: str
    month: str
    message_id: str
    dossier: str
    endpoint: str
    operation: str
    pattern: str
    unclear: str
    priority: int
    lane: str
    lane_seq: int
    open: int
    state: str
    reason: str
    problem_code: str
    problem: str
    attempts_used: int
    manual_used: int
    crashes: int
    created_us: int
    next_us: int | None
    held_behind: str
    offered_us: int | None
    token: str
    lease_us: int | None
    last_number: int
    doubts: str
    replays: int
    taken: int
    last_outcome: str
    after_parking: str = "hold"
    replaces: str = ""
    more_problems: str = ""
    since_us: int | None = None
    used_before: int = 0
    asked_by: str = ""

    @property
    def is_push(self) -> bool:
        """Goes through the queue."""
        return self.pattern == Pattern.PUSH.value

    @property
    def in_lane(self) -> bool:
        """Others wait for it, or it for others."""
        return self.open == IN_LANE

    @property
    def may_have_been_sent(self) -> bool:
        """What follows is a retry, whoever asks for it."""
        told = self.last_outcome not in ("", Outcome.LOCAL_FAULT.value)
        return told or bool(self.attempts_used or self.manual_used or self.doubts)

    @property
    def supersedable(self) -> bool:
        """A later one of its kind takes its place while it is parked."""
        return self.after_parking == AfterParking.SUPERSEDE.value and self.replaces != ""

    def stopped_clock(self) -> DeliveryRow:
        """Behind another nobody can send it: its deadline counts anew from when it is the first of its lane."""
        return replace(self, since_us=None)


COLUMNS = tuple(DeliveryRow.__dataclass_fields__)
# Fixed at acceptance; all others may change.
FIXED = frozenset(
    ("id", "month", "message_id", "dossier", "endpoint", "operation", "pattern", "unclear", "priority", "lane",
     "lane_seq", "created_us", "after_parking", "replaces")
)  # fmt: skip
CHANGING = tuple(name for name in COLUMNS if name not in FIXED)


def as_values(row: DeliveryRow) -> dict[str, object]:
    """The row for an insert."""
    return {name: getattr(row, name) for name in COLUMNS}


def is_live(row: DeliveryRow, *, now_us: int) -> bool:
    """An intent was granted, its lease runs, and it has no result yet."""
    return row.lease_us is not None and row.lease_us > now_us


def derived_state(row: DeliveryRow, *, ahead: str, now_us: int) -> State:
    """The state that is shown. `ahead` = the head of its lane, if that is another one; else ""."""
    if not row.in_lane:
        return State(row.state)
    if row.held_behind or ahead:
        return State.HELD
    if row.state in (State.READY.value, State.WAITING.value) and is_live(row, now_us=now_us):
        return State.SENDING
    return State(row.state)


def as_delivery(row: DeliveryRow, *, ahead: str, now_us: int) -> Delivery:
    """The delivery as readers see it."""
    state = derived_state(row, ahead=ahead, now_us=now_us)
    sending = state is State.SENDING
    return Delivery(
        id=row.id, message_id=row.message_id, endpoint=row.endpoint, operation=row.operation,
        pattern=Pattern(row.pattern), lane=row.lane, lane_seq=row.lane_seq, state=state, reason=row.reason,
        problem_code=row.problem_code, attempts_used=row.attempts_used, manual_used=row.manual_used,
        crashes=row.crashes, created_at=from_us(row.created_us),
        next_at=maybe_from_us(row.lease_us if sending else row.next_us),
        held_behind=(row.held_behind or ahead) if state is State.HELD else "",
        last_outcome=Outcome(row.last_outcome) if row.last_outcome else None,
        since_at=maybe_from_us(row.since_us), used_before=row.used_before, asked_by=row.asked_by, mark=mark_of(row),
    )  # fmt: skip


def mark_of(row: DeliveryRow) -> str:
    """What happened to it so far, in a few characters. Its lane and the clock leave no mark; nor do tries of our own
    that left an unclear one as unclear as it was."""
    ours = (row.last_number, row.attempts_used, row.crashes) if row.state != State.UNCLEAR.value else ()
    done = (row.manual_used, row.used_before, row.replays, *ours)
    return f"{row.state}.{row.open}.{'.'.join(map(str, done))}.{row.asked_by}"


def queue_record(row: DeliveryRow, predecessor: str) -> QueueRecord:
    """A delivery on its way into the queue."""
    return QueueRecord(
        delivery_id=row.id, lane=row.lane, endpoint=row.endpoint, priority=row.priority, predecessor=predecessor,
        not_before=maybe_from_us(row.next_us),
    )  # fmt: skip


def problems_of(rows: Iterable[DeliveryRow]) -> Iterator[dict[str, object]]:
    """All that is wrong with these, as `Problem.as_json`."""
    for row in rows:
        if row.problem:
            yield json.loads(row.problem)
        if row.more_problems:
            yield from json.loads(row.more_problems)
