"""Deadlines on SQL: whose clock has not begun, who has waited long, and a passed deadline as an event on record."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from bus.journal import tables as t
from bus.journal.burden import Touch
from bus.journal.delivery_row import DeliveryRow, as_delivery
from bus.journal.derive import NOW
from bus.journal.moments import to_us
from bus.journal.transitions import begun
from bus.journal.unit import Unit, delivery_row
from bus.journal.writer import Writer
from bus.records import Aged, Decision
from schemas.message import new_id

ACT = "expire"  # as it stands among a message's actions, and in the chain
WHO = "lienthong"

_d, _m = t.deliveries.c, t.messages.c
_PAGE = t.deliveries.alias("page")
_before = t.deliveries.alias("earlier")


def _in_order(when: sa.ColumnElement[bool]) -> sa.Subquery:
    """A page of what may be sent to one endpoint, by id."""
    return (
        sa.select(t.deliveries)
        .where(t.MAY_BE_DUE, _d.endpoint == sa.bindparam("endpoint"), when, _d.id > sa.bindparam("after"))
        .order_by(_d.id)
        .limit(sa.bindparam("many"))
        .subquery("page")
    )


def _is_head(page: sa.Subquery) -> sa.ColumnElement[bool]:
    return ~sa.exists().where(
        _before.c.open == sa.literal_column("1"), _before.c.lane == page.c.lane, _before.c.lane_seq < page.c.lane_seq
    )


_unbegun = _in_order(_d.since_us.is_(None))
_UNBEGUN = sa.select(
    _unbegun.c.id, sa.and_(_is_head(_unbegun), sa.func.coalesce(_unbegun.c.next_us, 0) <= NOW).label("begins")
).order_by(_unbegun.c.id)
_aged = _in_order(_d.since_us <= sa.bindparam("before_us"))
_AGED = (
    sa.select(_aged, _m.kind.label("kind"), _is_head(_aged).label("is_head"))
    .join(t.messages, sa.and_(_m.id == _aged.c.message_id, _m.month == _aged.c.month))
    .order_by(_aged.c.id)
)


@dataclass(frozen=True, slots=True)
class Beginning:
    """Heads whose clock begins now."""

    ids: tuple[str, ...]

    def size_bytes(self) -> int:
        """No bodies."""
        return 0

    def touch(self) -> Touch:
        """These."""
        return Touch(deliveries=self.ids)


def begin_many(unit: Unit, many: Sequence[Beginning]) -> list[int]:
    """How many clocks of each began."""
    said: list[int] = []
    for one in many:
        rows = [row for row in unit.deliveries(one.ids).values() if row.open and row.since_us is None]
        for row in rows:
            unit.put(begun(row, now_us=unit.now_us))
        said.append(len(rows))
    return said


def record_expiry(unit: Unit, row: DeliveryRow, decision: Decision) -> None:
    """The deadline passed: among the message's actions, and in the chain."""
    code = decision.problem.code if decision.problem else ""
    values: dict[str, object] = {
        "id": new_id(), "month": row.month, "delivery_id": row.id, "message_id": row.message_id, "act": ACT,
        "who": WHO, "why": decision.reason, "as_then": 0, "done": 1, "reason": code, "at_us": unit.now_us,
    }  # fmt: skip
    unit.insert(t.actions, values)
    unit.entry(ACT, row.id, expiry_facts(row, decision))


def expiry_facts(row: DeliveryRow, decision: Decision) -> dict[str, object]:
    """As they stand in the chain."""
    return {
        "problem": decision.problem.code if decision.problem else "", "since_us": row.since_us,
        "attempts": row.attempts_used, "manual": row.manual_used,
    }  # fmt: skip


class Deadlines:
    """Mixed into the journal, whose connections and writer it uses."""

    _writer: Writer

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Connection]:
        """One reading transaction."""

    @abstractmethod
    def _now_us(self) -> int:
        """The journal's clock."""

    def unbegun(self, endpoint: str, *, after: str, limit: int) -> tuple[tuple[str, ...], str]:
        """See the port."""
        given = {"endpoint": endpoint, "after": after, "many": limit, "now_us": self._now_us()}
        with self._reading() as connection:
            rows = connection.execute(_UNBEGUN, given).all()
        return tuple(row.id for row in rows if row.begins), rows[-1].id if len(rows) == limit else ""

    def begin(self, delivery_ids: Sequence[str]) -> Future[int]:
        """See the port."""
        return self._writer.submit(begin_many, Beginning(tuple(delivery_ids)))

    def aged(self, endpoint: str, *, since: datetime, after: str, limit: int) -> tuple[tuple[Aged, ...], str]:
        """See the port."""
        now_us = self._now_us()
        given = {"endpoint": endpoint, "after": after, "many": limit, "before_us": to_us(since)}
        with self._reading() as connection:
            rows = connection.execute(_AGED, given).mappings().all()
        found = [(delivery_row(row), row["kind"]) for row in rows if row["is_head"]]
        heads = tuple(Aged(as_delivery(row, ahead="", now_us=now_us), kind, bool(row.doubts)) for row, kind in found)
        return heads, rows[-1]["id"] if len(rows) == limit else ""
