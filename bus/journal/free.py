"""What follows in other lanes when a delivery ends: in an ordered route the next one is freed, or left to a person."""

from __future__ import annotations

import sqlalchemy as sa

from bus.delivery import Pattern
from bus.journal import tables as t
from bus.journal.delivery_row import DeliveryRow, queue_record
from bus.journal.transitions import freed
from bus.journal.unit import Unit, delivery_row
from bus.records import QueueRecord

_d = t.deliveries.c
_BEHIND = sa.select(_d.id).where(t.IS_HELD_BEHIND, t.IS_OPEN, _d.held_behind.in_(sa.bindparam("many", expanding=True)))
_LANE = sa.select(t.deliveries).where(t.IS_OPEN, _d.lane == sa.bindparam("lane")).order_by(_d.lane_seq)


_WAITED_FOR = (
    sa.select(_d.held_behind)
    .distinct()
    .where(t.IS_HELD_BEHIND, t.IS_OPEN, _d.held_behind.in_(sa.bindparam("many", expanding=True)))
)


def waited_for(unit: Unit, ids: list[str]) -> frozenset[str]:
    """Those of these that something in another lane is held behind."""
    return frozenset(row["held_behind"] for row in unit.read(_WAITED_FOR, {"many": ids}))


def free_behind(unit: Unit, delivered: list[str]) -> dict[str, tuple[QueueRecord, ...]]:
    """Frees what waited for these; returns, by the delivered one, what the queue can now be told of."""
    fed: dict[str, tuple[QueueRecord, ...]] = {}
    for row in waiting_for(unit, delivered):
        unit.put(freed(row))
        fed[row.held_behind] = fed.get(row.held_behind, ()) + _feedable(unit, row)
    return fed


def waiting_for(unit: Unit, ids: list[str]) -> list[DeliveryRow]:
    """What is held behind these, by id."""
    unit.flush()
    found = [row["id"] for row in unit.read(_BEHIND, {"many": sorted(ids)})]
    return sorted(unit.deliveries(found).values(), key=lambda row: row.id)


def _feedable(unit: Unit, freed_row: DeliveryRow) -> tuple[QueueRecord, ...]:
    """The freed one and those behind it in its lane, up to the next that is held; nothing if one before it is."""
    unit.flush()
    records: list[QueueRecord] = []
    predecessor = ""
    for row in map(delivery_row, unit.read(_LANE, {"lane": freed_row.lane})):
        if row.held_behind:
            break
        if row.pattern == Pattern.PUSH.value and row.lane_seq >= freed_row.lane_seq:
            records.append(queue_record(row, predecessor))
        predecessor = row.id
    return tuple(records)
