"""Who looked at a citizen's data uncovered, and why: on record before it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from bus.journal import tables as t
from bus.journal.unit import Unit
from schemas.message import new_id

ACT = "look"  # as it stands among a message's actions

_MONTH = sa.select(t.messages.c.month).where(t.messages.c.id == sa.bindparam("message"))


@dataclass(frozen=True, slots=True)
class Look:
    """One kept body shown uncovered to one person."""

    message_id: str
    role: str
    who: str
    why: str


def look_many(unit: Unit, looks: Sequence[Look]) -> list[None]:
    """Records a run of looks, in order."""
    for look in looks:
        month = unit.connection.execute(_MONTH, {"message": look.message_id}).scalar_one_or_none()
        if month is None:
            raise LookupError(f"no message {look.message_id} in this journal")
        values: dict[str, object] = {
            "id": new_id(), "month": month, "delivery_id": "", "message_id": look.message_id, "act": ACT,
            "who": look.who, "why": look.why, "as_then": 0, "done": 1, "reason": look.role, "at_us": unit.now_us,
        }  # fmt: skip
        unit.insert(t.actions, values)
        unit.entry(ACT, look.message_id, {"role": look.role, "who": look.who, "why": look.why})
    return [None] * len(looks)
