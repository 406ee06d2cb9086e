"""What a parked delivery means for the others: its route says whether they wait, pass it, or take its place."""

from __future__ import annotations

import sqlalchemy as sa

from bus.delivery import State
from bus.journal import tables as t
from bus.journal.delivery_row import DeliveryRow, queue_record
from bus.journal.free import waiting_for
from bus.journal.transitions import orphaned, stands_aside, superseded
from bus.journal.unit import Unit, delivery_row
from bus.records import NOBODY, QueueRecord
from schemas.message import new_id

SUPERSEDE = "supersede"  # as it stands among a message's actions
WHO = "lienthong"

_d = t.deliveries.c
_ALIKE = sa.and_(t.IS_OPEN, _d.lane == sa.bindparam("lane"), _d.replaces == sa.bindparam("replaces"))
_NEWEST = sa.select(_d.id).where(_ALIKE, _d.lane_seq > sa.bindparam("seq")).order_by(_d.lane_seq.desc()).limit(1)
_PARKED = (
    sa.select(t.deliveries)
    .where(_ALIKE, _d.lane_seq < sa.bindparam("seq"), _d.state == State.PARKED.value)
    .order_by(_d.lane_seq)
)


def rest(unit: Unit, row: DeliveryRow) -> tuple[DeliveryRow, tuple[QueueRecord, ...]]:
    """A delivery that has just been parked, and what the queue is to be told of others."""
    aside = stands_aside(row)
    if aside is not row:
        unit.put(aside)
        return aside, ()
    if row.supersedable and row.state == State.PARKED.value and not row.held_behind:
        unit.flush()
        values = {"lane": row.lane, "replaces": row.replaces, "seq": row.lane_seq}
        newest = next((one["id"] for one in unit.read(_NEWEST, values)), None)
        if newest is not None:
            return _supersede(unit, row, by=newest)
    return row, ()


def superseded_by(unit: Unit, newest: DeliveryRow) -> tuple[QueueRecord, ...]:
    """Cancels what is parked in this one's lane and told less than it; returns what the queue is to be told."""
    unit.flush()
    values = {"lane": newest.lane, "replaces": newest.replaces, "seq": newest.lane_seq}
    rows = [row for row in map(delivery_row, unit.read(_PARKED, values)) if row.supersedable and not row.held_behind]
    feed: list[QueueRecord] = []
    for row in unit.deliveries([one.id for one in rows]).values():
        feed += _supersede(unit, row, by=newest.id)[1]
    return (*feed, *rebuild_of(newest)) if rows else ()


def orphan_behind(unit: Unit, cancelled: str, *, who: str) -> tuple[QueueRecord, ...]:
    """What waited for a cancelled one is left to a person: nothing waits for ever."""
    feed: list[QueueRecord] = []
    for row in waiting_for(unit, [cancelled]):
        orphan = orphaned(row, who=who)
        unit.put(orphan)
        rested, more = rest(unit, orphan)
        feed += more if rested.in_lane else (*more, *rebuild_of(rested))
    return tuple(feed)


def rebuild_of(row: DeliveryRow) -> tuple[QueueRecord, ...]:
    """Makes the queue read this one's lane anew."""
    return (queue_record(row, NOBODY),) if row.is_push else ()


def _supersede(unit: Unit, row: DeliveryRow, *, by: str) -> tuple[DeliveryRow, tuple[QueueRecord, ...]]:
    after = superseded(row, by=by)
    unit.put(after)
    values: dict[str, object] = {
        "id": new_id(), "month": row.month, "delivery_id": row.id, "message_id": row.message_id, "act": SUPERSEDE,
        "who": WHO, "why": after.reason, "as_then": 0, "done": 1, "reason": "", "at_us": unit.now_us,
    }  # fmt: skip
    unit.insert(t.actions, values)
    unit.entry(SUPERSEDE, row.id, {"by": by})
    return after, orphan_behind(unit, row.id, who=WHO)
