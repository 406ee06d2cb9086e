"""Plans in SQL: made, noted item by item, ended. An item is done once, whoever and however often it is tried."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from bus.journal.moments import from_us, maybe_from_us
from bus.journal.plan_tables import plan_items, plans
from bus.journal.unit import Unit
from bus.records import Plan, PlanAct, PlanDraft, PlanItem, PlanItemState, PlanLine, PlanNote, PlanState
from schemas.message import new_id

ALREADY = "Mục này của kế hoạch đã được làm hoặc đã bị bỏ"

_p, _i = plans.c, plan_items.c
_OPEN, _DROPPED = PlanItemState.OPEN.value, PlanItemState.DROPPED.value
_ONE = sa.and_(_i.plan_id == sa.bindparam("b_plan"), _i.number == sa.bindparam("b_number"))
_TAKE = (
    sa.update(plan_items)
    .where(_ONE, _i.state == _OPEN)
    .values(state=sa.bindparam("b_state"), result=sa.bindparam("b_result"), at_us=sa.bindparam("b_at"))
)
_LEFT = sa.select(sa.func.count()).where(_i.plan_id == sa.bindparam("b_plan"), _i.state == _OPEN)
_FINISH = (
    sa.update(plans)
    .where(_p.id == sa.bindparam("b_plan"), _p.state == PlanState.OPEN.value)
    .values(state=PlanState.DONE.value)
)


@dataclass(frozen=True, slots=True)
class PlanEnd:
    """A person ends a plan."""

    plan_id: str
    who: str
    why: str


def make_many(unit: Unit, drafts: Sequence[PlanDraft]) -> list[Plan]:
    """A run of new plans."""
    made: list[Plan] = []
    for draft in drafts:
        plan_id = new_id()
        state = PlanState.OPEN if draft.lines else PlanState.DONE
        unit.insert(
            plans,
            {
                "id": plan_id, "made_us": unit.now_us, "who": draft.who, "why": draft.why, "source": draft.source,
                "per_minute": draft.per_minute, "state": state.value, "ended_by": "", "ended_why": "",
            },
        )  # fmt: skip
        for number, line in enumerate(draft.lines, start=1):
            unit.insert(
                plan_items,
                {
                    "plan_id": plan_id, "number": number, "subject": line.subject, "act": line.act.value,
                    "note": line.note, "seen": line.seen, "state": _OPEN, "result": "", "at_us": None,
                },
            )  # fmt: skip
        unit.entry("plan", plan_id, plan_facts(draft))
        unit.flush()
        found = read_plan(unit.connection, plan_id)
        assert found is not None, "written a moment ago"
        made.append(found)
    return made


def note_many(unit: Unit, notes: Sequence[PlanNote]) -> list[bool]:
    """A run of results; False = that item was not open any more."""
    return [take(unit, note) for note in notes]


def take(unit: Unit, note: PlanNote) -> bool:
    """Notes what became of an item that is open; of another one nothing."""
    values = {
        "b_plan": note.plan_id, "b_number": note.number, "b_state": note.state.value, "b_result": note.result,
        "b_at": unit.now_us,
    }  # fmt: skip
    unit.flush()
    if not unit.connection.execute(_TAKE, values).rowcount:
        return False
    if not unit.connection.execute(_LEFT, {"b_plan": note.plan_id}).scalar_one():
        unit.connection.execute(_FINISH, {"b_plan": note.plan_id})
    return True


def correct(unit: Unit, note: PlanNote) -> None:
    """What really became of an item taken in this very transaction."""
    values = {"state": note.state.value, "result": note.result}
    where = sa.and_(_i.plan_id == note.plan_id, _i.number == note.number)
    unit.connection.execute(sa.update(plan_items).where(where).values(values))


def end_many(unit: Unit, ends: Sequence[PlanEnd]) -> list[Plan | None]:
    """Drops what is left of each; None = no such plan. One that is done or cancelled stays as it is."""
    said: list[Plan | None] = []
    for end in ends:
        unit.flush()
        values = {"state": PlanState.CANCELLED.value, "ended_by": end.who, "ended_why": end.why}
        open_one = sa.and_(_p.id == end.plan_id, _p.state == PlanState.OPEN.value)
        if unit.connection.execute(sa.update(plans).where(open_one).values(values)).rowcount:
            left = sa.and_(_i.plan_id == end.plan_id, _i.state == _OPEN)
            unit.connection.execute(sa.update(plan_items).where(left).values(state=_DROPPED, at_us=unit.now_us))
            unit.entry("plan-end", end.plan_id, {"who": end.who, "why": end.why})
        said.append(read_plan(unit.connection, end.plan_id))
    return said


# ---------------------------------------------------------------- reading


def read_plans(connection: Connection, *, limit: int, state: PlanState | None) -> tuple[Plan, ...]:
    """Newest first."""
    query = sa.select(plans).order_by(_p.made_us.desc(), _p.id.desc()).limit(limit)
    if state is not None:
        query = query.where(_p.state == state.value)
    return _with_tallies(connection, connection.execute(query).mappings().all())


def read_plan(connection: Connection, plan_id: str) -> Plan | None:
    """One plan; None = there is none."""
    rows = connection.execute(sa.select(plans).where(_p.id == plan_id)).mappings().all()
    return next(iter(_with_tallies(connection, rows)), None)


def read_items(
    connection: Connection, plan_id: str, *, after: int, limit: int, state: PlanItemState | None
) -> tuple[PlanItem, ...]:
    """In their order."""
    query = sa.select(plan_items).where(_i.plan_id == plan_id, _i.number > after).order_by(_i.number).limit(limit)
    if state is not None:
        query = query.where(_i.state == state.value)
    return tuple(map(_item, connection.execute(query).mappings()))


def plan_facts(draft: PlanDraft) -> dict[str, object]:
    """As they stand in the chain: the items by their digest."""
    return {
        "who": draft.who, "why": draft.why, "source": draft.source, "items": len(draft.lines),
        "sha256": _digest(draft.lines),
    }  # fmt: skip


def _digest(lines: Iterable[PlanLine]) -> str:
    text = json.dumps([[line.subject, line.act.value] for line in lines])
    return hashlib.sha256(text.encode()).hexdigest()


def _with_tallies(connection: Connection, rows: Sequence[RowMapping]) -> tuple[Plan, ...]:
    tallies: defaultdict[str, dict[PlanItemState, int]] = defaultdict(lambda: dict.fromkeys(PlanItemState, 0))
    count = sa.select(_i.plan_id, _i.state, sa.func.count().label("many")).group_by(_i.plan_id, _i.state)
    if rows:
        for row in connection.execute(count.where(_i.plan_id.in_([row["id"] for row in rows]))):
            tallies[row.plan_id][PlanItemState(row.state)] = row.many
    return tuple(
        Plan(
            id=row["id"], made_at=from_us(row["made_us"]), who=row["who"], why=row["why"], source=row["source"],
            per_minute=row["per_minute"], state=PlanState(row["state"]), ended_by=row["ended_by"],
            ended_why=row["ended_why"], tally=tallies[row["id"]],
        )
        for row in rows
    )  # fmt: skip


def _item(row: RowMapping) -> PlanItem:
    return PlanItem(
        plan_id=row["plan_id"], number=row["number"], subject=row["subject"], act=PlanAct(row["act"]),
        note=row["note"], state=PlanItemState(row["state"]), result=row["result"], at=maybe_from_us(row["at_us"]),
        seen=row["seen"],
    )  # fmt: skip
