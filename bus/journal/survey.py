"""One look at the whole journal that costs the same however long it is: sums are kept, what is due has an index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from bus.delivery import State
from bus.journal import tables as t
from bus.journal.derive import NOW
from bus.journal.moments import from_us
from bus.journal.tally import ACCEPTED, added
from bus.records import DueHead, Survey

_d = t.deliveries.c
_TALLIES = sa.select(t.writers.c.tally).where(t.writers.c.tally != "")
_OPEN = sa.select(sa.func.count()).select_from(t.deliveries).where(t.IS_OPEN)
_LOOK = 500  # of an endpoint's due deliveries, so many are looked at: most are heads, few wait behind one that rests
_before = t.deliveries.alias("ahead")


def _oldest(when: sa.ColumnElement[bool], by: sa.Column[int]) -> sa.Select[Any]:  # Any: rows of four columns
    """The head that has been due longest. What never waited has no `next_us`: each way is a range of the index."""
    found = (
        sa.select(t.deliveries)
        .where(t.MAY_BE_DUE, _d.endpoint == sa.bindparam("endpoint"), when)
        .order_by(by)
        .limit(_LOOK)
        .subquery()
    )
    ahead = sa.exists().where(
        _before.c.open == sa.literal_column("1"), _before.c.lane == found.c.lane,
        _before.c.lane_seq < found.c.lane_seq,
    )  # fmt: skip
    since = found.c[by.name].label("since_us")
    return (
        sa.select(found.c.id, found.c.lane, found.c.state, since)
        .where(sa.or_(found.c.lease_us.is_(None), found.c.lease_us <= NOW), ~ahead)
        .order_by(since)
        .limit(1)
    )


_FRESH = _oldest(_d.next_us.is_(None), _d.created_us)
_AGAIN = _oldest(_d.next_us <= NOW, _d.next_us)


def survey(connection: Connection, endpoints: Sequence[str], *, now_us: int) -> Survey:
    """See the port."""
    sums = added(connection.execute(_TALLIES).scalars())
    due = []
    for endpoint in endpoints:
        given = {"endpoint": endpoint, "now_us": now_us}
        rows = [*connection.execute(_FRESH, given), *connection.execute(_AGAIN, given)]
        for row in sorted(rows, key=lambda row: row.since_us)[:1]:
            due.append(DueHead(endpoint, row.id, row.lane, State(row.state), from_us(row.since_us)))
    return Survey(
        accepted=sums[ACCEPTED],
        states={state: sums[state.value] for state in State},
        open_rows=connection.execute(_OPEN).scalar_one(),
        due=tuple(due),
    )
