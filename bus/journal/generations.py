"""Generations of the queue, and the write that shows the journal can be written."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from bus.journal import tables as t
from bus.journal.unit import Unit

_LAST = sa.select(sa.func.coalesce(sa.func.max(t.generations.c.number), 0))
_PING = "ping"


def next_generation_many(unit: Unit, many: Sequence[None]) -> list[int]:
    """Issues one number each."""
    numbers: list[int] = []
    for _ in many:
        unit.flush()
        number = read_generation(unit.connection) + 1
        unit.insert(t.generations, {"number": number, "at_us": unit.now_us})
        unit.entry("generation", str(number), {})
        numbers.append(number)
    return numbers


def read_generation(connection: Connection) -> int:
    """The number issued last; 0 = none yet."""
    return int(connection.execute(_LAST).scalar_one())


def touch_many(unit: Unit, many: Sequence[None]) -> list[None]:
    """Writes one row that means nothing: a full or read-only disk is found before a message is."""
    counter = t.counters.c
    done = unit.connection.execute(sa.update(t.counters).where(counter.name == _PING).values(last=unit.now_us % 2**53))
    if not done.rowcount:
        unit.insert(t.counters, {"name": _PING, "last": 0})
    return [None for _ in many]
