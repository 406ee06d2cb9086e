"""A worker is known to be dead: its live intents end now, so that the resolver need not wait for their leases."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from bus.journal import tables as t
from bus.journal.jobs import free_jobs
from bus.journal.transitions import expired
from bus.journal.unit import Unit

_d, _i = t.deliveries.c, t.intents.c
_HELD = (
    sa.select(_d.id)
    .join(t.intents, sa.and_(_i.delivery_id == _d.id, _i.month == _d.month, _i.number == _d.last_number))
    .where(_d.open == 1, _d.lease_us > sa.bindparam("now_us"), _i.worker == sa.bindparam("worker"))
)


def expire_many(unit: Unit, workers: Sequence[str]) -> list[int]:
    """How many intents of each worker were ended."""
    said: list[int] = []
    for worker in workers:
        unit.flush()
        ids = _held_by(unit, worker)
        if ids and unit.locks.needed:  # its last word may have been on its way: looked at again under the lock
            unit.locks.deliveries(ids)
            ids = [one for one in _held_by(unit, worker) if one in set(ids)]
        for row in unit.deliveries(ids).values():
            unit.put(expired(row, now_us=unit.now_us))
            unit.entry("expire", row.id, {"worker": worker, "number": row.last_number})
        free_jobs(unit, worker)
        said.append(len(ids))
    return said


def _held_by(unit: Unit, worker: str) -> list[str]:
    return [row["id"] for row in unit.read(_HELD, {"now_us": unit.now_us, "worker": worker})]
