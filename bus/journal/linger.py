"""What has been in one state for long, and what was accepted for nobody. For persons: bounded, not exhaustive."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from bus.delivery import State
from bus.journal import tables as t
from bus.journal.derive import read_deliveries
from bus.journal.message_row import envelope_of
from bus.journal.moments import from_us
from bus.records import Lingering
from schemas.message import Envelope

LOOK = 2_000  # rows looked at

_d, _m = t.deliveries.c, t.messages.c
# SENDING and HELD are derived: what is stored under them.
STORED = {State.SENDING: (State.READY, State.WAITING), State.HELD: (State.READY, State.WAITING, State.UNCLEAR)}
_STEP = (
    sa.select(t.entries.c.subject, sa.func.max(t.entries.c.at_us).label("at_us"))
    .where(t.entries.c.subject.in_(sa.bindparam("many", expanding=True)))
    .group_by(t.entries.c.subject)
)
_DELIVERED = sa.select(_d.message_id).where(_d.message_id.in_(sa.bindparam("many", expanding=True)))


def lingering(
    connection: Connection, state: State, *, before_us: int, limit: int, now_us: int
) -> tuple[Lingering, ...]:
    """See the port. What came before the moment and had no step since."""
    stored = [one.value for one in STORED.get(state, (state,))]
    ids: list[str] = []
    for one in stored:  # one at a time: each is read in the order of the index
        query = (
            sa.select(_d.id)
            .where(_d.state == one, t.IS_OPEN, _d.created_us < before_us)
            .order_by(_d.message_id)
            .limit(LOOK)
        )
        ids += connection.execute(query).scalars()
    found: list[Lingering] = []
    for start in range(0, len(ids), 500):
        found += _of_some(connection, ids[start : start + 500], state, before_us=before_us, now_us=now_us)
    return tuple(sorted(found, key=lambda one: one.since)[:limit])


def _of_some(
    connection: Connection, ids: Sequence[str], state: State, *, before_us: int, now_us: int
) -> list[Lingering]:
    steps = {row.subject: row.at_us for row in connection.execute(_STEP, {"many": list(ids)})}
    late = [one for one in ids if steps.get(one, 0) < before_us]
    found = []
    for row, delivery, _ in read_deliveries(connection, _d.id.in_(late), now_us=now_us) if late else ():
        since = max(steps.get(row.id, 0), row.created_us, row.next_us or 0 if state is State.READY else 0)
        if delivery.state is state and since < before_us:
            found.append(Lingering(delivery, from_us(since)))
    return found


def undelivered(connection: Connection, *, before_us: int, limit: int) -> tuple[Envelope, ...]:
    """See the port. The bytes as they came have deliveries under the messages made of them."""
    query = (
        sa.select(t.messages)
        .where(_m.verdict == "accepted", _m.received_us < before_us)
        .order_by(_m.id.desc())
        .limit(LOOK)
    )
    rows = [row for row in connection.execute(query).mappings() if row["kind"] != "goc"]
    ids = [row["id"] for row in rows]
    taken = set(connection.execute(_DELIVERED, {"many": ids}).scalars()) if ids else set()
    return tuple(envelope_of(row) for row in rows if row["id"] not in taken)[:limit]
