"""Signs of life of the workers. No part of the record: they are overwritten, and stand in no chain."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any  # JSON

import sqlalchemy as sa
from sqlalchemy import Connection

from bus.journal.moments import from_us, maybe_from_us, maybe_us, to_us
from bus.journal.pulse_table import pulses as table
from bus.journal.unit import Unit
from bus.records import Pulse

GONE_US = 3_600_000_000  # a worker that was silent for so long is only a sum
SUM = ""

_p = table.c
_GONE = sa.select(table).where(_p.worker != SUM, _p.at_us < sa.bindparam("gone_us")).with_for_update()
_ONE = sa.select(table).where(_p.worker == sa.bindparam("worker")).with_for_update()
_UPDATE = (
    sa.update(table)
    .where(_p.worker == sa.bindparam("b_worker"))
    .values(at_us=sa.bindparam("b_at_us"), facts=sa.bindparam("b_facts"))
)


def pulse_many(unit: Unit, pulses: Sequence[Pulse]) -> list[None]:
    """Keeps the newest of each worker, and sums up those long gone."""
    newest = {pulse.worker: pulse for pulse in pulses}
    for worker in sorted(newest):
        _put(unit.connection, newest[worker])
    gone = unit.read(_GONE, {"gone_us": unit.now_us - GONE_US})
    if gone:
        kept = unit.read(_ONE, {"worker": SUM})
        total = summed([pulse_of(row["worker"], row["at_us"], row["facts"]) for row in (*kept, *gone)])
        _put(unit.connection, total)
        names = [row["worker"] for row in gone]
        unit.connection.execute(sa.delete(table).where(_p.worker.in_(names)))
    return [None for _ in pulses]


def read_pulses(connection: Connection) -> tuple[Pulse, ...]:
    """All, by name."""
    rows = connection.execute(sa.select(table).order_by(_p.worker))
    return tuple(pulse_of(row.worker, row.at_us, row.facts) for row in rows)


def summed(pulses: Sequence[Pulse]) -> Pulse:
    """One for many: what they counted together, and when the last of them said something."""
    numbers: Counter[str] = Counter()
    for pulse in pulses:
        numbers.update(pulse.numbers)
    last = max(pulses, key=lambda one: one.at)
    moved = max((one.moved_at for one in pulses if one.moved_at is not None), default=None)
    return Pulse(SUM, last.at, last.turned_at, moved, sum(one.settled for one in pulses), 0, dict(numbers))


def pulse_of(worker: str, at_us: int, facts: str) -> Pulse:
    """From a row."""
    said: Mapping[str, Any] = json.loads(facts)
    return Pulse(
        worker=worker, at=from_us(at_us), turned_at=from_us(said["turned_us"]),
        moved_at=maybe_from_us(said["moved_us"]), settled=said["settled"], in_hand=said["in_hand"],
        numbers=said["numbers"],
    )  # fmt: skip


def _put(connection: Connection, pulse: Pulse) -> None:
    facts = {
        "turned_us": to_us(pulse.turned_at), "moved_us": maybe_us(pulse.moved_at), "settled": pulse.settled,
        "in_hand": pulse.in_hand, "numbers": dict(pulse.numbers),
    }  # fmt: skip
    text = json.dumps(facts, separators=(",", ":"), sort_keys=True)
    values = {"b_worker": pulse.worker, "b_at_us": to_us(pulse.at), "b_facts": text}
    if not connection.execute(_UPDATE, values).rowcount:
        connection.execute(sa.insert(table), {"worker": pulse.worker, "at_us": values["b_at_us"], "facts": text})
