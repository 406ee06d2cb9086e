"""One look at the whole journal that costs the same however long it is: sums are kept, what is due has an index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from bus.delivery import State
from bus.journal import tables as t
from bus.journal.derive import NOW, TRIED
from bus.journal.moments import from_us
from bus.journal.tally import ACCEPTED, added
from bus.records import DueHead, Survey

_d = t.deliveries.c
_TALLIES = sa.select(t.writers.c.tally).where(t.writers.c.tally != "")
_OPEN = sa.select(sa.func.count()).select_from(t.deliveries).where(t.IS_OPEN)
_FEW, _MANY = 8, 500  # of an endpoint's due deliveries looked at: most are heads; many wait behind one that rests
_before = t.deliveries.alias("ahead")


def _oldest(when: sa.ColumnElement[bool], by: sa.Column[int]) -> sa.Select[Any]:  # Any: rows of few columns
    """The head that has been due longest. What never waited has no `next_us`: each way is a range of the index."""
    found = (
        sa.select(
            _d.id, _d.lane, _d.lane_seq, _d.state, _d.lease_us, by.label("since_us"), TRIED.label("tried")
        )
        .where(t.MAY_BE_DUE, _d.endpoint == sa.bindparam("endpoint"), when)
        .order_by(by)
        .limit(sa.bindparam("look"))
        .subquery()
    )  # fmt: skip
    ahead = sa.exists().where(
        _before.c.open == sa.literal_column("1"), _before.c.lane == found.c.lane,
        _before.c.lane_seq < found.c.lane_seq,
    )  # fmt: skip
    return (
        sa.select(found.c.id, found.c.lane, found.c.state, found.c.since_us, found.c.tried)
        .where(sa.or_(found.c.lease_us.is_(None), found.c.lease_us <= NOW), ~ahead)
        .order_by(found.c.since_us)
        .limit(1)
    )


_FRESH = _oldest(_d.next_us.is_(None), _d.created_us)
_AGAIN = _oldest(_d.next_us <= NOW, _d.next_us)


def survey(connection: Connection, endpoints: Sequence[str], *, now_us: int) -> Survey:
    """See the port."""
    sums = added(connection.execute(_TALLIES).scalars())
    due = []
    for endpoint in endpoints:
        rows = [
            row for statement in (_FRESH, _AGAIN) for row in _first(connection, statement, endpoint, now_us=now_us)
        ]  # fmt: skip
        for row in sorted(rows, key=lambda row: row.since_us)[:1]:
            due.append(DueHead(endpoint, row.id, row.lane, State(row.state), from_us(row.since_us), bool(row.tried)))
    return Survey(
        accepted=sums[ACCEPTED],
        states={state: sums[state.value] for state in State},
        open_rows=connection.execute(_OPEN).scalar_one(),
        due=tuple(due),
    )


def _first(
    connection: Connection, statement: sa.Select[Any], endpoint: str, *, now_us: int
) -> Sequence[sa.Row[Any]]:  # Any: as above
    given = {"endpoint": endpoint, "now_us": now_us}
    found = connection.execute(statement, {**given, "look": _FEW}).all()
    return found or connection.execute(statement, {**given, "look": _MANY}).all()
