"""Preparing, settling, offering and acting in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from bus.delivery import State
from bus.journal.bodies import CANONICAL, content_role, reply_role, signature_role
from bus.journal.delivery_row import DeliveryRow, is_live
from bus.journal.judge import behind_of, refusal
from bus.journal.look import ACT, Look
from bus.journal.memory.deadlines import record_expiry
from bus.journal.memory.door import accept
from bus.journal.memory.parking import orphan_behind, rest
from bus.journal.memory.plans import Plans
from bus.journal.memory.store import Store
from bus.journal.moments import from_us, maybe_from_us, to_us
from bus.journal.offer import acknowledgement
from bus.journal.plans import ALREADY
from bus.journal.transitions import (
    acknowledged,
    cancelled,
    decided,
    expired,
    freed,
    goes_on,
    granted,
    let_go,
    may_grant,
    may_offer,
    may_settle,
    offered,
    recorded,
    settled,
)
from bus.records import (
    Acknowledged,
    Act,
    Acted,
    Action,
    Content,
    NextStep,
    PlanItemState,
    PlanNote,
    Preparation,
    QueueRecord,
    Settled,
    Settlement,
)


def prepare(store: Store, preparation: Preparation) -> frozenset[str]:
    """See the port."""
    for delivery_id, content in preparation.contents:
        _keep_content(store, delivery_id, content)
    said: set[str] = set()
    for intent in preparation.intents:
        row = store.deliveries.get(intent.delivery_id)
        if row and may_grant(row, intent, is_head=not store.ahead(row), now_us=store.now_us):
            if intent.number > row.last_number:
                store.note("intent", row.id, {"number": intent.number, "token": intent.token})
            store.deliveries[row.id] = granted(row, intent, now_us=store.now_us)
            store.holders[row.id] = intent.worker
            said.add(row.id)
    return frozenset(said)


def end_worker(store: Store, worker: str) -> int:
    """See the port."""
    count = 0
    for name, row in list(store.deliveries.items()):
        if store.holders.get(name) == worker and row.in_lane and is_live(row, now_us=store.now_us):
            store.deliveries[name] = expired(row, now_us=store.now_us)
            store.note("expire", name, {"worker": worker, "number": row.last_number})
            count += 1
    return count


def _keep_content(store: Store, delivery_id: str, content: Content) -> None:
    row = store.deliveries.get(delivery_id)
    if row is None:
        return
    bodies = store.messages[row.message_id].bodies
    if content_role(row.endpoint) not in bodies:
        bodies[content_role(row.endpoint)] = store.made(content.body, content.media_type, content.profile)
        if content.signature:
            bodies[signature_role(row.endpoint)] = store.made(content.signature.encode(), "application/jose")
        facts = {"profile": content.profile, **({"key_id": content.key_id} if content.key_id else {})}
        store.note("content", row.id, facts)


def settle(store: Store, settlement: Settlement) -> Settled:
    """See the port."""
    attempt = settlement.attempt
    if settlement.delivery_id not in store.deliveries:
        raise LookupError(f"no delivery {settlement.delivery_id} in this journal")
    row = store.deliveries[settlement.delivery_id]
    if attempt and (row.id, attempt.number) in store.attempts:
        before, answer = store.attempts[row.id, attempt.number]
        return answer if before.token == attempt.token else Settled(False, answer.state)
    holds = may_settle(row, settlement, now_us=store.now_us)
    told = holds and (attempt is None or row.state != State.PARKED.value)  # else the queue needs a rebuild
    if attempt:
        row = recorded(row, attempt, token_holds=holds)
    if holds:
        row = decided(row, settlement)
    store.deliveries[row.id] = row
    feed = _consequences(store, settlement) if holds else ()
    if holds and settlement.decision.step is NextStep.PARK:
        feed += rest(store, store.deliveries[row.id])
    row = store.deliveries[row.id]
    state = State(row.state) if holds else store.shown(row).state
    answer = Settled(told, state, feed, goes_on(row, state) and told)
    if attempt:
        store.attempts[row.id, attempt.number] = (attempt, answer)
        if settlement.reply:
            body = store.made(settlement.reply, settlement.reply_media_type)
            store.messages[row.message_id].bodies[reply_role(row.endpoint, attempt.number)] = body
    store.note("settle", row.id, {"applied": holds, "state": state.value})
    if holds and settlement.decision.expired:
        record_expiry(store, row, settlement.decision)
    return answer


def _learn(store: Store, row: DeliveryRow, names: Iterable[tuple[str, str]]) -> None:
    for name in names:
        owner = store.names.get(name)
        if owner is None and name[1]:
            store.give_name(row.dossier, name)
        if owner != row.dossier and name[1]:
            store.note("learn" if owner is None else "name-clash", row.id, {"party": name[0]})


def _consequences(store: Store, settlement: Settlement) -> tuple[QueueRecord, ...]:
    row = store.deliveries[settlement.delivery_id]
    feed: list[QueueRecord] = []
    _learn(store, row, settlement.learned)
    if settlement.decision.step is NextStep.DONE:
        feed += free_behind(store, row.id)
    for derived in settlement.derived:
        feed += [record for result in accept(store, derived.acceptance) for record in result.feed]
    return tuple(feed)


def free_behind(store: Store, delivered: str) -> list[QueueRecord]:
    """Frees what waited for a delivered one; returns what the queue can now be told of."""
    feed: list[QueueRecord] = []
    waiting = [row for row in store.deliveries.values() if row.open and row.held_behind == delivered]
    for row in sorted(waiting, key=lambda one: one.id):
        store.deliveries[row.id] = freed(row)
        lane = store.open_in(row.lane)
        for number, one in enumerate(lane):
            if one.held_behind:
                break
            if one.lane_seq >= row.lane_seq and one.is_push:
                before = lane[number - 1].id if number else ""
                feed.append(
                    QueueRecord(one.id, one.lane, one.endpoint, one.priority, before, maybe_from_us(one.next_us))
                )
    return feed


def offer(store: Store, endpoint: str, *, limit: int, now: datetime, until: datetime) -> list[str]:
    """Puts heads of pull lanes on offer; returns their ids, oldest first."""
    rows = [
        row
        for row in store.deliveries.values()
        if row.endpoint == endpoint and not store.ahead(row) and may_offer(row, now_us=to_us(now))
    ]
    chosen = sorted(rows, key=lambda row: (row.created_us, row.id))[: max(0, limit)]
    for row in chosen:
        store.deliveries[row.id] = offered(row, until_us=to_us(until))
        store.note("offer", row.id, {"until_us": to_us(until)})
    return [row.id for row in chosen]


def acknowledge(store: Store, endpoint: str, codes: Sequence[str], *, party: str, now: datetime) -> Acknowledged:
    """See the port."""
    known: list[str] = []
    feed: list[QueueRecord] = []
    for code in dict.fromkeys(codes):
        dossier = store.names.get((party, code))
        if dossier is None:
            continue
        lane = f"{dossier}@{endpoint}"
        head = next(iter(store.open_in(lane)), None)
        if head and head.offered_us is not None:
            row = store.deliveries[head.id] = acknowledged(head)
            answer = Settled(True, State.DELIVERED)
            store.attempts[row.id, row.last_number] = (acknowledgement(row, party, now), answer)
            store.note("acknowledge", row.id, {"by": party})
            feed += free_behind(store, row.id)
        if any(row.state == State.DELIVERED.value for row in store.in_lane(lane)):
            known.append(code)
    return Acknowledged(tuple(known), tuple(feed))


def act(store: Store, plans: Plans, action: Action) -> Acted:
    """See the port."""
    if action.delivery_id not in store.deliveries:
        raise LookupError(f"no delivery {action.delivery_id} in this journal")
    row, now_us = store.deliveries[action.delivery_id], store.now_us
    if action.plan and not plans.take(PlanNote(action.plan, action.item, PlanItemState.DONE)):
        return Acted(False, store.shown(row).state, ALREADY)
    later = [one for one in store.in_lane(row.lane) if one.lane_seq > row.lane_seq]
    behind = behind_of(row, later, now_us=now_us)
    canonical = store.messages[row.message_id].bodies.get(CANONICAL)
    erased = canonical.erased if canonical is not None else None
    reason = refusal(action, row, behind, now_us=now_us, erased=erased)
    feed: tuple[QueueRecord, ...] = ()
    if not reason:
        feed = _carry_out(store, action)
    elif action.plan:
        plans.correct(PlanNote(action.plan, action.item, PlanItemState.REFUSED, reason))
    row = store.deliveries[row.id]
    store.actions.append(
        {
            "act": action.act.value, "delivery": row.id, "who": action.who, "why": action.why,
            "as_then": action.as_then, "done": not reason, "reason": reason, "at": from_us(now_us).isoformat(),
        }
    )  # fmt: skip
    store.note("act", row.id, {"act": action.act.value, "who": action.who, "done": not reason})
    rebuild = "" if reason or not row.is_push else row.lane
    return Acted(not reason, store.shown(row).state, reason, feed, rebuild_lane=rebuild)


def look(store: Store, look: Look) -> None:
    """See the port."""
    if look.message_id not in store.messages:
        raise LookupError(f"no message {look.message_id} in this journal")
    store.actions.append(
        {
            "act": ACT, "delivery": "", "message": look.message_id, "who": look.who, "why": look.why,
            "as_then": False, "done": True, "reason": look.role, "at": from_us(store.now_us).isoformat(),
        }
    )  # fmt: skip
    store.note(ACT, look.message_id, {"role": look.role, "who": look.who, "why": look.why})


def _carry_out(store: Store, action: Action) -> tuple[QueueRecord, ...]:
    row = store.deliveries[action.delivery_id]
    if action.act is Act.CANCEL:
        store.deliveries[row.id] = cancelled(row, who=action.who, why=action.why)
        return orphan_behind(store, row.id, who=action.who)
    if action.act is Act.SETTLE:
        store.deliveries[row.id] = settled(row, who=action.who, why=action.why)
        _learn(store, row, action.learned)
        feed = [*free_behind(store, row.id)]
        for derived in action.derived:
            feed += [record for result in accept(store, derived.acceptance) for record in result.feed]
        return tuple(feed)
    row = store.deliveries[row.id] = let_go(row, action, now_us=store.now_us)
    for behind in store.open_in(row.lane)[1:]:
        store.deliveries[behind.id] = behind.stopped_clock()
    if action.act is Act.REPLAY and not action.as_then:
        bodies = store.messages[row.message_id].bodies
        for role in (content_role, signature_role):
            if (old := bodies.pop(role(row.endpoint), None)) is not None:
                bodies[role(row.endpoint, replaced=row.replays)] = old
    return ()
