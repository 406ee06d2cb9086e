"""The derived states as SQL, and reading deliveries with them. One place, so that list, sums and rows agree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from bus.delivery import Delivery, State
from bus.journal import tables as t
from bus.journal.delivery_row import DeliveryRow, as_delivery
from bus.journal.unit import delivery_row
from bus.outcome import Outcome

_d = t.deliveries.c
_before = t.deliveries.alias("before")
NOW = sa.bindparam("now_us", type_=sa.BigInteger)

# The head of the lane, where that is another delivery; NULL where this one is the head.
AHEAD = (
    sa.select(_before.c.id)
    .where(
        _before.c.open == sa.literal_column("1"), _before.c.lane == _d.lane, _before.c.lane_seq < _d.lane_seq,
    )
    .order_by(_before.c.lane_seq)
    .limit(1)
    .correlate(t.deliveries)
    .scalar_subquery()
)  # fmt: skip

STATE = sa.case(
    (_d.open != sa.literal_column("1"), _d.state),
    (_d.held_behind != "", State.HELD.value),
    (AHEAD.is_not(None), State.HELD.value),
    (sa.and_(_d.state.in_((State.READY.value, State.WAITING.value)), _d.lease_us > NOW), State.SENDING.value),
    else_=_d.state,
)

# As `DeliveryRow.may_have_been_sent`.
TRIED = sa.or_(
    _d.attempts_used > 0, _d.manual_used > 0, _d.doubts != "", _d.last_outcome.not_in(("", Outcome.LOCAL_FAULT.value))
)

WITH_AHEAD = sa.select(t.deliveries, sa.case((_d.open == 1, AHEAD), else_=None).label("ahead"))
_COUNT_OPEN = sa.select(STATE.label("shown"), sa.func.count().label("many")).where(t.IS_OPEN).group_by("shown")
_COUNT_ASIDE = sa.select(sa.func.count().label("many")).where(
    _d.state == State.PARKED.value, _d.open == sa.literal_column("2")
)
_COUNT_FINAL = (
    sa.select(_d.state.label("shown"), sa.func.count().label("many"))
    .where(_d.state.in_((State.DELIVERED.value, State.CANCELLED.value)))
    .group_by(_d.state)
)
_MANY: sa.BindParameter[str] = sa.bindparam("many", expanding=True)
_first = (
    sa.select(_d.lane, sa.func.min(_d.lane_seq).label("first"))
    .where(t.IS_OPEN, _d.lane.in_(_MANY))
    .group_by(_d.lane)
    .subquery()
)
_HEADS = sa.select(_d.lane, _d.id).join(_first, sa.and_(_d.lane == _first.c.lane, _d.lane_seq == _first.c.first))
_BY_ID = WITH_AHEAD.where(_d.id.in_(_MANY))


def deliveries_by_id(
    connection: Connection, ids: Sequence[str], *, now_us: int
) -> list[tuple[DeliveryRow, Delivery, str]]:
    """As `read_deliveries`; the statement is made once."""
    return _seen(connection.execute(_BY_ID, {"many": list(ids), "now_us": now_us}).mappings(), now_us)


def read_deliveries(
    connection: Connection, where: sa.ColumnElement[bool], *, now_us: int
) -> list[tuple[DeliveryRow, Delivery, str]]:
    """Rows, what readers see of them, and the head before each ("" = it is the head)."""
    return _seen(connection.execute(WITH_AHEAD.where(where), {"now_us": now_us}).mappings(), now_us)


def _seen(rows: Iterable[sa.RowMapping], now_us: int) -> list[tuple[DeliveryRow, Delivery, str]]:
    found = []
    for row in rows:
        stored, ahead = delivery_row(row), row["ahead"] or ""
        found.append((stored, as_delivery(stored, ahead=ahead, now_us=now_us), ahead))
    return found


def count_states(connection: Connection, *, now_us: int) -> dict[State, int]:
    """Deliveries per state; every state is named."""
    counts = dict.fromkeys(State, 0)
    for row in connection.execute(_COUNT_OPEN, {"now_us": now_us}):
        counts[State(row.shown)] += row.many
    for row in connection.execute(_COUNT_ASIDE):
        counts[State.PARKED] += row.many
    for row in connection.execute(_COUNT_FINAL):
        counts[State(row.shown)] += row.many
    return counts


def count_behind(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    """How many open deliveries wait behind each of `ids`; those with none are left out."""
    after = (
        sa.select(sa.func.count())
        .where(
            _before.c.open == sa.literal_column("1"), _before.c.lane == _d.lane, _before.c.lane_seq > _d.lane_seq,
            _d.open == sa.literal_column("1"),
        )
        .correlate(t.deliveries)
        .scalar_subquery()
    )  # fmt: skip
    held = (
        sa.select(sa.func.count())
        .where(
            _before.c.held_behind != sa.literal_column("''"), _before.c.held_behind == _d.id,
            _before.c.open == sa.literal_column("1"),
        )
        .correlate(t.deliveries)
        .scalar_subquery()
    )  # fmt: skip
    many = (after + held).label("many")
    found = connection.execute(sa.select(_d.id, many).where(_d.id.in_(list(ids))))
    return {row.id: row.many for row in found if row.many}


def heads(connection: Connection, lanes: Sequence[str]) -> dict[str, str]:
    """The first open delivery of each lane."""
    return {row.lane: row.id for row in connection.execute(_HEADS, {"many": sorted(set(lanes))})}
