"""What a person does to one delivery: judged, carried out, recorded with who and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from bus.delivery import State
from bus.journal import tables as t
from bus.journal.accept import Parcel, accept_many
from bus.journal.bodies import CANONICAL, content_role, erased_mark, signature_role
from bus.journal.burden import Touch, touched_by
from bus.journal.delivery_row import DeliveryRow, derived_state
from bus.journal.derive import heads
from bus.journal.free import free_behind
from bus.journal.judge import Behind, behind_of, refusal
from bus.journal.parking import orphan_behind
from bus.journal.plans import ALREADY, correct, take
from bus.journal.settle import learn, owners_of
from bus.journal.transitions import cancelled, let_go, settled
from bus.journal.unit import Unit, delivery_row
from bus.journal.vault import OPEN, Vault
from bus.records import Act, Acted, Action, PlanItemState, PlanNote, QueueRecord
from bus.records.retaining import ErasedMark
from schemas.message import new_id

_d, _b = t.deliveries.c, t.bodies.c
_LATER = sa.select(t.deliveries).where(
    _d.lane == sa.bindparam("lane"), _d.lane_seq > sa.bindparam("seq"), _d.state != State.CANCELLED.value
)
_COUNTING = sa.select(_d.id).where(t.IS_OPEN, _d.lane == sa.bindparam("lane"), _d.since_us.is_not(None))
_CODING = sa.select(_b.coding).where(
    _b.message_id == sa.bindparam("of"), _b.month == sa.bindparam("in_month"), _b.role == CANONICAL
)
_RENAME = (
    sa.update(t.bodies)
    .where(_b.message_id == sa.bindparam("b_message"), _b.role == sa.bindparam("b_old"))
    .values(role=sa.bindparam("b_new"))
)


@dataclass(frozen=True, slots=True)
class Deed:
    """An act with what follows from it packed."""

    action: Action
    born: tuple[Parcel, ...]

    @classmethod
    def of(cls, action: Action, vault: Vault = OPEN) -> Deed:
        """Packs outside the writer thread."""
        return cls(action, tuple(Parcel.of(derived.acceptance, vault) for derived in action.derived))

    def size_bytes(self) -> int:
        """Of its bodies as they are kept."""
        return sum(parcel.size_bytes() for parcel in self.born)

    def touch(self) -> Touch:
        """Its delivery's dossier, and those of what follows."""
        born = touched_by(parcel.acceptance for parcel in self.born)
        return replace(born, deliveries=(self.action.delivery_id,))


def act_many(unit: Unit, deeds: Sequence[Deed]) -> list[Acted]:
    """A run of acts, in order."""
    return [_act(unit, deed) for deed in deeds]


def _act(unit: Unit, deed: Deed) -> Acted:
    action = deed.action
    row = unit.deliveries([action.delivery_id]).get(action.delivery_id)
    if row is None:
        raise LookupError(f"no delivery {action.delivery_id} in this journal")
    if action.plan and not take(unit, PlanNote(action.plan, action.item, PlanItemState.DONE)):
        return Acted(False, _shown(unit, row), ALREADY)
    erased = _erased(unit, row) if action.act is Act.REPLAY else None
    reason = refusal(action, row, _behind(unit, row), now_us=unit.now_us, erased=erased)
    feed: tuple[QueueRecord, ...] = ()
    if not reason:
        row, feed = _carry_out(unit, row, deed)
    elif action.plan:
        correct(unit, PlanNote(action.plan, action.item, PlanItemState.REFUSED, reason))
    _record(unit, row, action, reason)
    state = _shown(unit, row)
    return Acted(not reason, state, reason, feed, rebuild_lane="" if reason or not row.is_push else row.lane)


def _shown(unit: Unit, row: DeliveryRow) -> State:
    unit.flush()
    first = heads(unit.connection, [row.lane]).get(row.lane, row.id)
    return derived_state(row, ahead="" if first == row.id else first, now_us=unit.now_us)


def _erased(unit: Unit, row: DeliveryRow) -> ErasedMark | None:
    """Read under the lock of its delivery: whoever erases takes that too."""
    coding = unit.connection.execute(_CODING, {"of": row.message_id, "in_month": row.month}).scalar_one_or_none()
    return erased_mark(coding or "")


def _behind(unit: Unit, row: DeliveryRow) -> Behind:
    unit.flush()
    later = [delivery_row(one) for one in unit.read(_LATER, {"lane": row.lane, "seq": row.lane_seq})]
    return behind_of(row, later, now_us=unit.now_us)


def _carry_out(unit: Unit, row: DeliveryRow, deed: Deed) -> tuple[DeliveryRow, tuple[QueueRecord, ...]]:
    action = deed.action
    if action.act is Act.CANCEL:
        row = cancelled(row, who=action.who, why=action.why)
        unit.put(row)
        return row, orphan_behind(unit, row.id, who=action.who)
    if action.act is Act.SETTLE:
        return _settle(unit, row, deed)
    row = let_go(row, action, now_us=unit.now_us)
    unit.put(row)
    row = _stop_clocks(unit, row)
    if action.act is Act.REPLAY and not action.as_then:
        _set_aside_content(unit, row)
    return row, ()


def _settle(unit: Unit, row: DeliveryRow, deed: Deed) -> tuple[DeliveryRow, tuple[QueueRecord, ...]]:
    action = deed.action
    row = settled(row, who=action.who, why=action.why)
    unit.put(row)
    owners = owners_of(unit, [code for _, code in action.learned])
    for name in action.learned:
        learn(unit, row, name, owners)
    feed = free_behind(unit, [row.id]).get(row.id, ())
    if deed.born:
        unit.flush()
        for results in accept_many(unit, deed.born):
            feed += tuple(record for result in results for record in result.feed)
    return row, feed


def _stop_clocks(unit: Unit, row: DeliveryRow) -> DeliveryRow:
    """Of those that stand behind another of its lane now, itself included."""
    unit.flush()
    first = heads(unit.connection, [row.lane])[row.lane]
    counting = [one["id"] for one in unit.read(_COUNTING, {"lane": row.lane}) if one["id"] != first]
    for behind in unit.deliveries(counting).values():
        unit.put(behind.stopped_clock())
    return unit.deliveries([row.id])[row.id]


def _set_aside_content(unit: Unit, row: DeliveryRow) -> None:
    """The content is made anew; the one that was sent before stays as evidence under another role."""
    unit.flush()
    pairs = [
        (content_role(row.endpoint), content_role(row.endpoint, replaced=row.replays)),
        (signature_role(row.endpoint), signature_role(row.endpoint, replaced=row.replays)),
    ]
    unit.connection.execute(_RENAME, [{"b_message": row.message_id, "b_old": old, "b_new": new} for old, new in pairs])


def _record(unit: Unit, row: DeliveryRow, action: Action, reason: str) -> None:
    values: dict[str, object] = {
        "id": new_id(), "month": row.month, "delivery_id": row.id, "message_id": row.message_id,
        "act": action.act.value, "who": action.who, "why": action.why, "as_then": int(action.as_then),
        "done": int(not reason), "reason": reason, "at_us": unit.now_us,
    }  # fmt: skip
    unit.insert(t.actions, values)
    facts = {name: values[name] for name in ("act", "who", "why", "as_then", "done")}
    if action.derived and not reason:
        facts["derived"] = [derived.acceptance.raw.envelope.id for derived in action.derived]
    unit.entry("act", row.id, facts)
