"""Reads what stands around messages whose bodies may go: their kin, and what is known of all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from bus.journal import tables as t
from bus.journal.delivery_row import ENDED
from bus.journal.examination_table import IS_WAITING, examinations
from bus.journal.hold_table import holds
from bus.journal.kin import AFTERWARDS, About, Surroundings, Written
from bus.journal.plan_tables import plan_items
from bus.journal.seal_tables import seal_spans, seals
from bus.records import PlanItemState

_CHUNK = 2_000  # names in one statement
_DEEP = 100  # steps followed up or down
_m, _d, _e, _s = t.messages.c, t.deliveries.c, t.entries.c, seal_spans.c
_MANY: sa.BindParameter[str] = sa.bindparam("many", expanding=True)
_HEAD = (_m.id, _m.kind, _m.order_key, _m.caused_by, _m.received_us)
_BY_ID = sa.select(*_HEAD).where(_m.id.in_(_MANY))
_BY_CAUSE = sa.select(*_HEAD).where(_m.caused_by.in_(_MANY))
_DELIVERIES = sa.select(_d.id, _d.message_id, _d.open).where(_d.message_id.in_(_MANY))
_BUSY = (
    sa.select(_m.order_key)
    .distinct()
    .join(t.deliveries, sa.and_(_d.message_id == _m.id, _d.month == _m.month))
    .where(_m.order_key.in_(_MANY), _d.open != ENDED)
)
_PLANNED = sa.select(plan_items.c.subject).where(
    plan_items.c.subject.in_(_MANY), plan_items.c.state == PlanItemState.OPEN.value
)
_UNEXAMINED = sa.select(examinations.c.message_id).where(IS_WAITING, examinations.c.message_id.in_(_MANY))
_HELD = sa.select(holds.c.message_id).where(holds.c.message_id.in_(_MANY))
_SEAL = (
    sa.select(_s.seal)
    .where(_s.writer == _e.writer, _s.last >= _e.number)
    .order_by(_s.last)
    .limit(1)
    .correlate(t.entries)
    .scalar_subquery()
)
_WRITTEN = sa.select(_e.subject, _e.at_us, _SEAL.label("seal")).where(_e.subject.in_(_MANY), _e.kind.not_in(AFTERWARDS))
_STAMPED = sa.select(seals.c.number).where(seals.c.number.in_(_MANY), sa.func.length(seals.c.token) > 0)


def surroundings(connection: Connection, ids: Sequence[str]) -> Surroundings:
    """Of these messages and their kin."""
    around = Surroundings()
    _add(around, _rows(connection, _BY_ID, ids))
    _climb(connection, around)
    _descend(connection, around, ids)
    for row in _rows(connection, _DELIVERIES, list(around.messages)):
        around.ended.setdefault(row["message_id"], {})[row["id"]] = row["open"] == ENDED
    around.busy = frozenset(row["order_key"] for row in _rows(connection, _BUSY, around.dossiers()))
    unexamined = _rows(connection, _UNEXAMINED, list(around.messages))
    around.unexamined = frozenset(row["message_id"] for row in unexamined)
    around.planned = frozenset(row["subject"] for row in _rows(connection, _PLANNED, around.subjects()))
    around.marked = frozenset(row["message_id"] for row in _rows(connection, _HELD, list(around.messages)))
    around.written = _written(connection, around.subjects())
    return around


def _add(around: Surroundings, rows: Iterator[RowMapping]) -> list[str]:
    new: list[str] = []
    for row in rows:
        if row["id"] not in around.messages:
            about = About(row["kind"], row["order_key"], row["caused_by"], row["received_us"])
            around.messages[row["id"]] = about
            new.append(row["id"])
    return new


def _climb(connection: Connection, around: Surroundings) -> None:
    for _ in range(_DEEP):
        causes = {one.caused_by for one in around.messages.values()} - {"", *around.messages}
        if not causes or not _add(around, _rows(connection, _BY_ID, sorted(causes))):
            return


def _descend(connection: Connection, around: Surroundings, ids: Sequence[str]) -> None:
    last = list(ids)
    for _ in range(_DEEP):
        if not last:
            return
        last = _add(around, _rows(connection, _BY_CAUSE, last))


def _written(connection: Connection, subjects: Sequence[str]) -> Mapping[str, list[Written]]:
    rows = list(_rows(connection, _WRITTEN, subjects))
    numbers = sorted({row["seal"] for row in rows} - {None})
    stamped = {row["number"] for row in _rows(connection, _STAMPED, numbers)}
    found: dict[str, list[Written]] = {}
    for row in rows:
        seal = row["seal"]
        one = Written(row["at_us"], sealed=seal is not None, stamped=seal in stamped)
        found.setdefault(row["subject"], []).append(one)
    return found


def _rows(connection: Connection, statement: sa.Executable, many: Sequence[object]) -> Iterator[RowMapping]:
    for start in range(0, len(many), _CHUNK):
        yield from connection.execute(statement, {"many": list(many[start : start + _CHUNK])}).mappings()
