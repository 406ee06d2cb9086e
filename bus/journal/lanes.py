"""The open push deliveries lane by lane, as the feeder rebuilds the queue from them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager

import sqlalchemy as sa
from sqlalchemy import Connection

from bus.delivery import Pattern, State
from bus.journal import tables as t
from bus.journal.delivery_row import DeliveryRow, is_live
from bus.journal.moments import maybe_from_us
from bus.journal.unit import delivery_row
from bus.records import LaneDelivery, LaneSnapshot

CHUNK = 200  # lanes a transaction

_d = t.deliveries.c
_IS_PUSH = _d.pattern == Pattern.PUSH.value
_NEXT = (
    sa.select(_d.lane)
    .distinct()
    .where(t.IS_OPEN, _IS_PUSH, _d.lane > sa.bindparam("after"))
    .order_by(_d.lane)
    .limit(sa.bindparam("many"))
)
_ROWS = (
    sa.select(t.deliveries)
    .where(t.IS_OPEN, _IS_PUSH, _d.lane.in_(sa.bindparam("lanes", expanding=True)))
    .order_by(_d.lane, _d.lane_seq)
)


def all_lanes(reading: Callable[[], AbstractContextManager[Connection]], now_us: int) -> Iterator[LaneSnapshot]:
    """Every lane with something open. Each lane is read in one transaction; none stays open between two chunks,
    so that a slow rebuild keeps no old snapshot alive."""
    after = ""
    while True:
        with reading() as connection:
            lanes = [row.lane for row in connection.execute(_NEXT, {"after": after, "many": CHUNK})]
            snapshots = list(_snapshots(connection, lanes, now_us)) if lanes else []
        yield from snapshots
        if len(lanes) < CHUNK:
            return
        after = lanes[-1]


def one_lane(connection: Connection, lane: str, now_us: int) -> LaneSnapshot | None:
    """One lane; None = nothing open in it."""
    return next(_snapshots(connection, [lane], now_us), None)


def _snapshots(connection: Connection, lanes: list[str], now_us: int) -> Iterator[LaneSnapshot]:
    rows = map(delivery_row, connection.execute(_ROWS, {"lanes": lanes}).mappings())
    for lane, group in itertools.groupby(rows, key=lambda row: row.lane):
        yield snapshot(lane, group, now_us)


def snapshot(lane: str, rows: Iterable[DeliveryRow], now_us: int) -> LaneSnapshot:
    """One lane of its open rows, in sequence."""
    ordered = list(rows)
    deliveries = tuple(_lane_delivery(row, is_head=row is ordered[0], now_us=now_us) for row in ordered)
    return LaneSnapshot(lane, ordered[0].endpoint, deliveries)


def _lane_delivery(row: DeliveryRow, *, is_head: bool, now_us: int) -> LaneDelivery:
    """A head under a live intent is not fed before its lease ends: its worker may still be sending."""
    under_lease = is_head and is_live(row, now_us=now_us)
    return LaneDelivery(
        delivery_id=row.id, priority=row.priority,
        not_before=maybe_from_us(row.lease_us if under_lease else row.next_us),
        parked=row.state == State.PARKED.value, held=bool(row.held_behind),
        tried=row.may_have_been_sent,
    )  # fmt: skip
