"""The one accepting transaction. First every item is judged, then those that are taken are written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from bus.delivery import Pattern
from bus.journal import tables as t
from bus.journal.belongs import may_touch
from bus.journal.bodies import CANONICAL, RAW, Packed, pack_message
from bus.journal.burden import Touch, touched_by
from bus.journal.delivery_row import DeliveryRow, queue_record
from bus.journal.examinations import put_down, put_down_refused
from bus.journal.ground import Ground, Key, Name, key_digest
from bus.journal.message_row import body_values, message_values
from bus.journal.moments import month_of
from bus.journal.parking import superseded_by
from bus.journal.reject import write_problems
from bus.journal.transitions import lane_of, least_advanced, planned_row
from bus.journal.unit import Unit
from bus.journal.vault import OPEN, Vault
from bus.journal.work import states_of_message
from bus.records import Acceptance, AcceptItem, ItemResult, ItemStatus, QueueRecord
from schemas.message import new_id
from schemas.problem import Problem, Stage, problem

_TAKEN = (ItemStatus.ACCEPTED, ItemStatus.DUPLICATE)


@dataclass(frozen=True, slots=True)
class Parcel:
    """An acceptance with its bodies packed, outside the writer thread."""

    acceptance: Acceptance
    raw: Packed
    bodies: tuple[Packed, ...]

    @classmethod
    def of(cls, acceptance: Acceptance, vault: Vault = OPEN) -> Parcel:
        """Packs the bodies."""
        bodies = (pack_message(item.message, CANONICAL, vault) for item in acceptance.items)
        return cls(acceptance, pack_message(acceptance.raw, RAW, vault), tuple(bodies))

    def size_bytes(self) -> int:
        """Of its bodies as they are kept."""
        return len(self.raw.data) + sum(len(body.data) for body in self.bodies)

    def touch(self) -> Touch:
        """The dossiers it speaks of."""
        return touched_by([self.acceptance])


@dataclass(slots=True)
class _Verdict:
    """What is to become of one item."""

    status: ItemStatus
    dossier: str = ""
    first: Key | None = None  # duplicate, conflict: the first copy
    is_new: bool = False  # the dossier is opened by this item
    names: list[Name] = field(default_factory=list)  # new names of the dossier
    cause: Problem | None = None
    feed: list[QueueRecord] = field(default_factory=list)


def accept_many(unit: Unit, parcels: Sequence[Parcel]) -> list[tuple[ItemResult, ...]]:
    """A run of acceptances, in order. One result per item."""
    ground = Ground(unit, [parcel.acceptance for parcel in parcels])
    results = [_accept(unit, ground, parcel) for parcel in parcels]
    ground.write()
    return results


def _accept(unit: Unit, ground: Ground, parcel: Parcel) -> tuple[ItemResult, ...]:
    acceptance = parcel.acceptance
    verdicts = _judge(ground, acceptance)
    if acceptance.all_or_nothing and any(verdict.status not in _TAKEN for verdict in verdicts):
        for verdict in verdicts:
            if verdict.status in _TAKEN:
                verdict.status = ItemStatus.NOT_TAKEN
    taken = any(verdict.status is ItemStatus.ACCEPTED for verdict in verdicts)
    if taken:
        _write(unit, ground, parcel, verdicts)
    elif any(verdict.status is not ItemStatus.DUPLICATE for verdict in verdicts) or not verdicts:
        _refuse(unit, parcel, verdicts)
    unit.entry("accept" if taken else "refuse", acceptance.raw.envelope.id, _facts(parcel, verdicts))
    return tuple(_result(unit, item, verdict) for item, verdict in zip(acceptance.items, verdicts, strict=True))


# ---------------------------------------------------------------- judging


def _judge(ground: Ground, acceptance: Acceptance) -> list[_Verdict]:
    verdicts: list[_Verdict] = []
    keys: dict[str, Key] = {}
    names: dict[Name, str] = {}
    for item in acceptance.items:
        verdict = _judge_one(ground, acceptance, item, verdicts, keys, names)
        if verdict.status is ItemStatus.ACCEPTED:
            names.update(dict.fromkeys(verdict.names, verdict.dossier))
            if key := key_digest(acceptance.party, item):
                keys[key] = Key(item.content_sha256, item.message.envelope.id, verdict.dossier)
        verdicts.append(verdict)
    return verdicts


def _judge_one(
    ground: Ground, acceptance: Acceptance, item: AcceptItem, before: Sequence[_Verdict], keys: dict[str, Key],
    names: dict[Name, str],
) -> _Verdict:  # fmt: skip
    key = key_digest(acceptance.party, item)
    first = (keys.get(key) or ground.keys.get(key)) if key else None
    if first is not None and first.content_sha256 == item.content_sha256:
        return _Verdict(ItemStatus.DUPLICATE, first.dossier, first)
    if first is not None and not item.update:
        cause = problem("LT-JRN-001", Stage.ACCEPT, {"message": first.message_id})
        return _Verdict(ItemStatus.CONFLICT, first.dossier, first, cause=cause)
    if item.unfit:
        return _Verdict(ItemStatus.UNFIT)
    parent = before[item.same_dossier_as] if item.same_dossier_as >= 0 else None
    if parent is not None and not key and parent.status is not ItemStatus.ACCEPTED:
        return replace(parent, feed=[])  # a part of a message without a key of its own shares its fate
    given = [name for name in dict.fromkeys(item.dossier.names) if name[1]]
    owners = {name: owner for name in given if (owner := names.get(name) or ground.names.get(name))}
    known = parent.dossier if parent else item.dossier.known
    if not known and not may_touch(acceptance.party, (name[0] for name in owners)):
        return _not_theirs(item)
    dossier = known or ("" if parent else next(iter(owners.values()), ""))
    is_new = not dossier and item.dossier.may_create and parent is None
    if not dossier and not is_new:
        cause = problem("LT-JRN-002", Stage.ACCEPT)
        return _Verdict(ItemStatus.UNKNOWN_DOSSIER, cause=cause)
    dossier = dossier or new_id()
    if any(owner != dossier for owner in owners.values()):
        return _Verdict(ItemStatus.CONFLICT, dossier, cause=problem("LT-JRN-004", Stage.ACCEPT))
    fresh = [name for name in given if name not in owners]
    return _Verdict(ItemStatus.ACCEPTED, dossier, is_new=is_new, names=fresh)


def _not_theirs(item: AcceptItem) -> _Verdict:
    """Says no more than of a dossier that does not exist, or of a code that is taken."""
    if item.dossier.may_create:
        return _Verdict(ItemStatus.CONFLICT, cause=problem("LT-JRN-004", Stage.ACCEPT))
    return _Verdict(ItemStatus.UNKNOWN_DOSSIER, cause=problem("LT-JRN-002", Stage.ACCEPT))


# ---------------------------------------------------------------- writing


def _write(unit: Unit, ground: Ground, parcel: Parcel, verdicts: Sequence[_Verdict]) -> None:
    acceptance = parcel.acceptance
    raw = acceptance.raw
    month = month_of(raw.envelope.received_at)
    values = message_values(
        raw.envelope, month=month, verdict="accepted", party=acceptance.party, media_type=raw.media_type
    )
    unit.insert(t.messages, values)
    unit.insert(t.bodies, body_values(raw.envelope.id, RAW, parcel.raw, month=month))
    for item, body, verdict in zip(acceptance.items, parcel.bodies, verdicts, strict=True):
        if verdict.status is ItemStatus.ACCEPTED:
            _write_item(unit, ground, acceptance, item, body, verdict)


def _write_item(
    unit: Unit, ground: Ground, acceptance: Acceptance, item: AcceptItem, body: Packed, verdict: _Verdict
) -> None:
    envelope = replace(item.message.envelope, order_key=verdict.dossier)
    month = month_of(envelope.received_at)
    if verdict.is_new:
        ground.new_dossiers.add(verdict.dossier)
        unit.insert(t.dossiers, {"id": verdict.dossier, "created_us": unit.now_us})
    for name in verdict.names:
        ground.give_name(verdict.dossier, name)
    for wanted in item.identities:
        if not ground.is_called(verdict.dossier, wanted.party):
            ground.give_name(verdict.dossier, (wanted.party, ground.next_code(wanted)))
    values = message_values(
        envelope, month=month, verdict="accepted", party=acceptance.party, media_type=item.message.media_type
    )
    unit.insert(t.messages, values)
    unit.insert(t.bodies, body_values(envelope.id, CANONICAL, body, month=month))
    put_down(unit, envelope.id, item, month=month)
    if key := key_digest(acceptance.party, item):
        _keep_key(unit, ground, key, Key(item.content_sha256, envelope.id, verdict.dossier))
    siblings = frozenset(planned.endpoint for planned in item.deliveries)
    for planned in item.deliveries:
        lane = lane_of(verdict.dossier, envelope.id, planned)
        if planned.unordered or verdict.dossier in ground.new_dossiers:
            ground.new_lane(lane)
        lane_seq = ground.tail(lane).last_seq + 1
        row = planned_row(
            envelope, planned, siblings, month=month, lane_seq=lane_seq, now_us=unit.now_us,
            is_head=not ground.tail(lane).open_tail,
        )  # fmt: skip
        unit.add(row)
        records = tuple(_append(ground, row))
        may_supersede = row.replaces and verdict.dossier not in ground.new_dossiers
        verdict.feed.extend((superseded_by(unit, row) if may_supersede else ()) or records)


def _append(ground: Ground, row: DeliveryRow) -> Iterator[QueueRecord]:
    """Into its lane; told to the queue unless it, or something before it, is held behind another lane."""
    predecessor = ground.append(row)
    if row.pattern == Pattern.PUSH.value and not ground.tail(row.lane).blocked:
        yield queue_record(row, predecessor)


def _keep_key(unit: Unit, ground: Ground, key: str, first: Key) -> None:
    values: dict[str, object] = {
        "content_sha256": first.content_sha256, "message_id": first.message_id, "dossier": first.dossier,
        "at_us": unit.now_us,
    }  # fmt: skip
    if key in ground.keys:  # an update: from now on its content is the known one
        unit.flush()
        unit.connection.execute(t.idempotency.update().where(t.idempotency.c.key == key).values(values))
    else:
        unit.insert(t.idempotency, {"key": key, **values})
    ground.keys[key] = first


# ---------------------------------------------------------------- refusing, answering


def _refuse(unit: Unit, parcel: Parcel, verdicts: Sequence[_Verdict]) -> None:
    acceptance = parcel.acceptance
    raw = acceptance.raw
    month = month_of(raw.envelope.received_at)
    values = message_values(
        raw.envelope, month=month, verdict="rejected", party=acceptance.party, media_type=raw.media_type
    )
    unit.insert(t.messages, values)
    unit.insert(t.bodies, body_values(raw.envelope.id, RAW, parcel.raw, month=month))
    causes = [verdict.cause for verdict in verdicts if verdict.cause is not None]
    unfit = [item for item in acceptance.items if item.unfit]
    write_problems(unit, raw.envelope.id, [*causes, *(one for item in unfit for one in item.unfit)], month=month)
    put_down_refused(unit, raw.envelope.id, unfit, month=month)


def _result(unit: Unit, item: AcceptItem, verdict: _Verdict) -> ItemResult:
    message_id = verdict.first.message_id if verdict.first else item.message.envelope.id
    state = None
    if verdict.status is ItemStatus.DUPLICATE:
        unit.flush()
        state = least_advanced(states_of_message(unit.connection, message_id, now_us=unit.now_us))
    dossier = "" if verdict.status is ItemStatus.NOT_TAKEN else verdict.dossier
    return ItemResult(verdict.status, message_id, dossier, state, tuple(verdict.feed))


def _facts(parcel: Parcel, verdicts: Sequence[_Verdict]) -> dict[str, object]:
    """Digests and ids: what can be proved later without keeping a single body."""
    acceptance = parcel.acceptance
    items = [
        {
            "id": item.message.envelope.id,
            "status": verdict.status.value,
            "dossier": verdict.dossier,
            "kind": item.message.envelope.kind,
            "sha256": item.message.envelope.sha256,
            "body_sha256": body.sha256,
            "content_sha256": item.content_sha256,
            "profile": item.message.envelope.profile,
            "deliveries": [f"{planned.endpoint}:{planned.operation}" for planned in item.deliveries],
            "first": verdict.first.message_id if verdict.first else "",
        }
        for item, body, verdict in zip(acceptance.items, parcel.bodies, verdicts, strict=True)
    ]
    raw = acceptance.raw.envelope
    return {"party": acceptance.party, "sha256": raw.sha256, "body_sha256": parcel.raw.sha256, "items": items}
