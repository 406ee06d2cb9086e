"""Erasing bodies on SQL: the bytes and the wrapped data key go, a mark stands in their place; the rest stays.

What was chosen is looked at once more in the transaction that erases it, with its deliveries locked. Marks that keep
bodies are set under the lock of the job's row, so that none is set while a page is being erased.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from bus.journal import tables as t
from bus.journal.bodies import IS_ERASED, erased_coding
from bus.journal.dialect import Engines
from bus.journal.hold_table import holds
from bus.journal.job_table import jobs
from bus.journal.jobs import keep_lease
from bus.journal.kin import candidates_of
from bus.journal.kin_reading import surroundings
from bus.journal.moments import from_us, to_us
from bus.journal.unit import Unit
from bus.journal.writer import Writer
from bus.records.retaining import Candidate, Choice, Erased, Erasure, Hold, HoldOrder, KeptSum
from bus.retention import in_the_way
from schemas.message import new_id

JOB = "retention"
_b, _m, _h = t.bodies.c, t.messages.c, holds.c
_THERE = (_b.message_id == sa.bindparam("of"), _b.month == sa.bindparam("in_month"), sa.not_(IS_ERASED))
_ROLES = sa.select(_b.role, _b.size).where(*_THERE).order_by(_b.role)
_ERASE = sa.update(t.bodies).where(*_THERE).values(coding=sa.bindparam("mark"), data=b"")
_MONTH = sa.select(_m.month).where(_m.id == sa.bindparam("of"))
_OF_MANY = sa.select(t.deliveries.c.id).where(t.deliveries.c.message_id.in_(sa.bindparam("many", expanding=True)))
_PAGE = (
    sa.select(_m.id)
    .where(
        _m.id > sa.bindparam("after"), _m.received_us < sa.bindparam("before"),
        sa.exists().where(_b.message_id == _m.id, _b.month == _m.month, sa.not_(IS_ERASED)),
    )
    .order_by(_m.id)
    .limit(sa.bindparam("many"))
)  # fmt: skip
_SIZES = (
    sa.select(_b.message_id, sa.func.count(), sa.func.coalesce(sa.func.sum(_b.size), 0))
    .where(_b.message_id.in_(sa.bindparam("many", expanding=True)), sa.not_(IS_ERASED))
    .group_by(_b.message_id)
)
_SUMS = (
    sa.select(_m.kind, IS_ERASED.label("gone"), sa.func.count(), sa.func.coalesce(sa.func.sum(_b.size), 0))
    .select_from(t.bodies.join(t.messages, sa.and_(_m.id == _b.message_id, _m.month == _b.month)))
    .group_by(_m.kind, "gone")
    .order_by(_m.kind, "gone")
)


def read_candidates(connection: Connection, ids: Sequence[str]) -> tuple[Candidate, ...]:
    """Those of `ids` that still have bodies, in order."""
    if not ids:
        return ()
    sizes = {row[0]: (int(row[1]), int(row[2])) for row in connection.execute(_SIZES, {"many": list(ids)})}
    wanted = {one: sizes[one] for one in ids if one in sizes}
    return tuple(candidates_of(surroundings(connection, list(wanted)), wanted))


def erase_many(unit: Unit, many: Sequence[Erasure]) -> list[Erased]:
    """Pages, in order.

    Raises:
        LeaseLost: somebody else has the job; nothing was written.
    """
    return [_erase_page(unit, each) for each in many]


def _erase_page(unit: Unit, erasure: Erasure) -> Erased:
    keep_lease(unit, erasure.held, until=erasure.until, position=erasure.position)
    ids = [one.message_id for one in erasure.choices]
    if ids:
        unit.deliveries(row["id"] for row in unit.read(_OF_MANY, {"many": ids}))  # nobody replays them meanwhile
    unit.flush()
    found = {one.message_id: one for one in read_candidates(unit.connection, ids)}
    messages = bodies = size = 0
    left: list[str] = []
    for choice in erasure.choices:
        candidate = found.get(choice.message_id)
        if candidate is None:
            continue  # it has none any more
        if in_the_way(candidate, stamped=erasure.stamped) or candidate.finished_at > choice.finished_before:
            left.append(choice.message_id)
            continue
        _erase(unit, choice, who=erasure.who)
        messages, bodies, size = messages + 1, bodies + candidate.bodies, size + candidate.size_bytes
    return Erased(messages, bodies, size, tuple(left))


def _erase(unit: Unit, choice: Choice, *, who: str) -> None:
    month = unit.connection.execute(_MONTH, {"of": choice.message_id}).scalar_one()
    place = {"of": choice.message_id, "in_month": month}
    roles = [row.role for row in unit.connection.execute(_ROLES, place)]
    mark = erased_coding(at_us=unit.now_us, rule=choice.rule)
    unit.connection.execute(_ERASE, {**place, "mark": mark})
    unit.insert(t.actions, _action(unit, choice.message_id, month, "erase", who=who, why=choice.rule, did=len(roles)))
    unit.entry("erase", choice.message_id, erase_facts(choice, roles, who=who))


def erase_facts(choice: Choice, roles: Sequence[str], *, who: str) -> dict[str, object]:
    """As they stand in the chain. No digests: those are proved by what was written while the bodies were there."""
    return {"who": who, "rule": choice.rule, "roles": list(roles)}


def _action(
    unit: Unit, message_id: str, month: str, act: str, *, who: str, why: str, did: int = 0
) -> dict[str, object]:
    return {
        "id": new_id(), "month": month, "delivery_id": "", "message_id": message_id, "act": act, "who": who,
        "why": why, "as_then": 0, "done": 1, "reason": str(did or ""), "at_us": unit.now_us,
    }  # fmt: skip


def hold_many(unit: Unit, orders: Sequence[HoldOrder]) -> list[bool]:
    """Marks, in order."""
    return [_hold(unit, each) for each in orders]


def _hold(unit: Unit, order: HoldOrder) -> bool:
    month = unit.connection.execute(_MONTH, {"of": order.message_id}).scalar_one_or_none()
    if month is None:
        raise LookupError(f"no message {order.message_id} in this journal")
    unit.connection.execute(sa.select(jobs.c.name).where(jobs.c.name == JOB).with_for_update())
    there = sa.select(_h.message_id).where(_h.message_id == order.message_id)
    if bool(unit.connection.execute(there).first()) is order.hold:
        return False
    if order.hold:
        row = {"message_id": order.message_id, "at_us": unit.now_us, "who": order.who, "why": order.why}
        unit.connection.execute(sa.insert(holds), row)
    else:
        unit.connection.execute(sa.delete(holds).where(_h.message_id == order.message_id))
    act = "hold" if order.hold else "unhold"
    unit.insert(t.actions, _action(unit, order.message_id, month, act, who=order.who, why=order.why))
    unit.entry("hold", order.message_id, hold_facts(order))
    return True


def hold_facts(order: HoldOrder) -> dict[str, object]:
    """As they stand in the chain."""
    return {"hold": order.hold, "who": order.who, "why": order.why}


class SqlRetention(ABC):
    """See `bus.retention_port`. What it stands on is the journal's."""

    _writer: Writer
    _engines: Engines

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Connection]:
        """One reading transaction."""

    def candidates(self, *, after: str, before: datetime, limit: int) -> tuple[Candidate, ...]:
        """See the port."""
        with self._reading() as connection:
            wanted = {"after": after, "before": to_us(before), "many": limit}
            return read_candidates(connection, [row.id for row in connection.execute(_PAGE, wanted)])

    def erase(self, erasure: Erasure) -> Future[Erased]:
        """See the port."""
        return self._writer.submit(erase_many, erasure)

    def order_hold(self, order: HoldOrder) -> Future[bool]:
        """See the port."""
        return self._writer.submit(hold_many, order)

    def holds(self) -> tuple[Hold, ...]:
        """See the port."""
        with self._reading() as connection:
            rows = connection.execute(sa.select(holds).order_by(_h.at_us, _h.message_id))
            return tuple(Hold(row.message_id, from_us(row.at_us), row.who, row.why) for row in rows)

    def kept_sums(self) -> tuple[KeptSum, ...]:
        """See the port."""
        with self._reading() as connection:
            return tuple(KeptSum(row[0], bool(row[1]), int(row[2]), int(row[3])) for row in connection.execute(_SUMS))

    def count_before(self, before: datetime) -> int:
        """See the port."""
        query = sa.select(sa.func.count()).select_from(t.messages).where(_m.received_us < to_us(before))
        with self._reading() as connection:
            return int(connection.execute(query).scalar_one())

    def scour(self) -> bool:
        """See the port."""
        return self._engines.server.scour(self._engines.writer)
