"""Accepting in memory: judged on a layer over the dictionaries, written only when the whole is decided."""

from __future__ import annotations

from collections import ChainMap
from dataclasses import dataclass, field, replace

from bus.journal.belongs import may_touch
from bus.journal.bodies import CANONICAL, RAW
from bus.journal.memory.examinations import put_down, put_down_refused
from bus.journal.memory.parking import superseded_by
from bus.journal.memory.store import First, Name, Store
from bus.journal.moments import maybe_from_us, month_of
from bus.journal.transitions import lane_of, least_advanced, planned_row
from bus.records import Acceptance, AcceptItem, ItemResult, ItemStatus, PlannedDelivery, QueueRecord
from schemas.message import Envelope, new_id
from schemas.problem import Problem, Stage, problem

_GOOD = (ItemStatus.ACCEPTED, ItemStatus.DUPLICATE)


@dataclass(slots=True)
class _Fate:
    status: ItemStatus
    dossier: str = ""
    first: First | None = None
    cause: Problem | None = None
    names: list[Name] = field(default_factory=list)


def accept(store: Store, acceptance: Acceptance) -> tuple[ItemResult, ...]:
    """See the port."""
    fates = _fates(store, acceptance)
    if acceptance.all_or_nothing and not all(fate.status in _GOOD for fate in fates):
        fates = [replace(fate, status=ItemStatus.NOT_TAKEN) if fate.status in _GOOD else fate for fate in fates]
    statuses = [fate.status for fate in fates]
    fed: list[tuple[QueueRecord, ...]] = [()] * len(fates)
    if ItemStatus.ACCEPTED in statuses:
        store.keep(acceptance.raw, verdict="accepted", party=acceptance.party, role=RAW)
        for number, (item, fate) in enumerate(zip(acceptance.items, fates, strict=True)):
            if fate.status is ItemStatus.ACCEPTED:
                fed[number] = _write(store, acceptance, item, fate)
    elif not statuses or set(statuses) != {ItemStatus.DUPLICATE}:
        causes = [fate.cause for fate in fates if fate.cause]
        unfit = [item for item in acceptance.items if item.unfit]
        causes += [one for item in unfit for one in item.unfit]
        store.keep(acceptance.raw, verdict="rejected", party=acceptance.party, role=RAW, problems=causes)
        put_down_refused(store, acceptance.raw.envelope.id, unfit)
    facts = {"sha256": acceptance.raw.envelope.sha256, "items": [status.value for status in statuses]}
    store.note("accept", acceptance.raw.envelope.id, facts)
    rows = zip(acceptance.items, fates, fed, strict=True)
    return tuple(_result(store, item, fate, feed) for item, fate, feed in rows)


def _fates(store: Store, acceptance: Acceptance) -> list[_Fate]:
    keys, names = ChainMap({}, store.keys), ChainMap({}, store.names)
    fates: list[_Fate] = []
    for item in acceptance.items:
        fate = _fate(item, _key(acceptance, item), fates, keys, names, acceptance.party)
        fates.append(fate)
        if fate.status is ItemStatus.ACCEPTED:
            names.update(dict.fromkeys(fate.names, fate.dossier))
            if item.idempotency_key:
                keys[_key(acceptance, item)] = First(item.content_sha256, item.message.envelope.id, fate.dossier)
    return fates


def _fate(
    item: AcceptItem, key: tuple[str, str, str], fates: list[_Fate], keys: ChainMap[tuple[str, str, str], First],
    names: ChainMap[Name, str], party: str,
) -> _Fate:  # fmt: skip
    if item.idempotency_key and (first := keys.get(key)):
        if first.content_sha256 == item.content_sha256:
            return _Fate(ItemStatus.DUPLICATE, first.dossier, first)
        if not item.update:
            cause = problem("LT-JRN-001", Stage.ACCEPT, {"message": first.message_id})
            return _Fate(ItemStatus.CONFLICT, first.dossier, first, cause)
    if item.unfit:
        return _Fate(ItemStatus.UNFIT)
    given = [name for name in item.dossier.names if name[1]]
    owners = [names[name] for name in given if name in names]
    if item.same_dossier_as >= 0:
        parent = fates[item.same_dossier_as]
        if parent.status is not ItemStatus.ACCEPTED and not item.idempotency_key:
            return replace(parent)
        dossier = parent.dossier
    else:
        if not item.dossier.known and not may_touch(party, (name[0] for name in given if name in names)):
            if item.dossier.may_create:
                return _Fate(ItemStatus.CONFLICT, cause=problem("LT-JRN-004", Stage.ACCEPT))
            return _Fate(ItemStatus.UNKNOWN_DOSSIER, cause=problem("LT-JRN-002", Stage.ACCEPT))
        dossier = item.dossier.known or (owners[0] if owners else new_id() if item.dossier.may_create else "")
    if not dossier:
        return _Fate(ItemStatus.UNKNOWN_DOSSIER, cause=problem("LT-JRN-002", Stage.ACCEPT))
    if set(owners) - {dossier}:
        return _Fate(ItemStatus.CONFLICT, dossier, cause=problem("LT-JRN-004", Stage.ACCEPT))
    return _Fate(ItemStatus.ACCEPTED, dossier, names=[name for name in given if name not in names])


def _key(acceptance: Acceptance, item: AcceptItem) -> tuple[str, str, str]:
    return acceptance.party, item.message.envelope.operation, item.idempotency_key


def _write(store: Store, acceptance: Acceptance, item: AcceptItem, fate: _Fate) -> tuple[QueueRecord, ...]:
    envelope = replace(item.message.envelope, order_key=fate.dossier)
    store.keep(replace(item.message, envelope=envelope), verdict="accepted", party=acceptance.party, role=CANONICAL)
    put_down(store, envelope.id, item)
    if item.idempotency_key:
        store.keys[_key(acceptance, item)] = First(item.content_sha256, envelope.id, fate.dossier)
    for name in fate.names:
        store.give_name(fate.dossier, name)
    for wanted in item.identities:
        if all(party != wanted.party for party, _ in store.names_of(fate.dossier)):
            counter = (wanted.party, wanted.prefix)
            number = store.counters.get(counter, wanted.start - 1) + 1
            while (wanted.party, code := wanted.prefix + str(number).zfill(wanted.width)) in store.names:
                number += 1
            store.counters[counter] = number
            store.give_name(fate.dossier, (wanted.party, code))
    endpoints = frozenset(planned.endpoint for planned in item.deliveries)
    return tuple(record for planned in item.deliveries for record in _deliver(store, envelope, planned, endpoints))


def _deliver(
    store: Store, envelope: Envelope, planned: PlannedDelivery, endpoints: frozenset[str]
) -> tuple[QueueRecord, ...]:
    lane = lane_of(envelope.order_key, envelope.id, planned)
    before = store.open_in(lane)
    store.last_seq[lane] = store.last_seq.get(lane, 0) + 1
    row = planned_row(
        envelope, planned, endpoints, month=month_of(envelope.received_at), lane_seq=store.last_seq[lane],
        now_us=store.now_us, is_head=not before,
    )  # fmt: skip
    store.deliveries[row.id] = row
    if row.replaces and (feed := superseded_by(store, row)):
        return feed
    if not row.is_push or row.held_behind or any(one.held_behind for one in before):
        return ()
    predecessor = before[-1].id if before else ""
    return (QueueRecord(row.id, lane, row.endpoint, row.priority, predecessor, maybe_from_us(row.next_us)),)


def _result(store: Store, item: AcceptItem, fate: _Fate, feed: tuple[QueueRecord, ...]) -> ItemResult:
    message_id = fate.first.message_id if fate.first else item.message.envelope.id
    state = None
    if fate.status is ItemStatus.DUPLICATE:
        state = least_advanced(store.shown(row).state for row in store.of_message(message_id))
    dossier = "" if fate.status is ItemStatus.NOT_TAKEN else fate.dossier
    return ItemResult(fate.status, message_id, dossier, state, feed)
