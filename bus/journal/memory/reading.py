"""Reading the in-memory journal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bus.delivery import State, Unclear
from bus.journal.bodies import CANONICAL, content_role, signature_role
from bus.journal.delivery_row import problems_of
from bus.journal.lanes import snapshot
from bus.journal.memory.store import Kept, Store
from bus.records import Content, Found, Journey, Judgement, LaneSnapshot, Query, WorkItem
from schemas.message import Message


def work(store: Store, ids: Sequence[str], *, now_us: int) -> tuple[WorkItem, ...]:
    """See the port."""
    return tuple(_item(store, one, now_us) for one in dict.fromkeys(ids) if one in store.deliveries)


def _item(store: Store, delivery_id: str, now_us: int) -> WorkItem:
    row = store.deliveries[delivery_id]
    kept = store.messages[row.message_id]
    there = frozenset(
        one.operation
        for one in store.deliveries.values()
        if one.taken and (one.dossier, one.endpoint) == (row.dossier, row.endpoint)
    )
    return WorkItem(
        delivery=store.shown(row, now_us=now_us),
        message=Message(kept.envelope, kept.bodies[CANONICAL].data, kept.media_type),
        unclear=Unclear(row.unclear),
        identities=store.names_of(row.dossier),
        content=_content(kept, row.endpoint),
        next_attempt=row.last_number + 1,
        open_intent=bool(row.doubts),
        known_there=row.operation in there,
        is_head=row.in_lane and not row.held_behind and not store.ahead(row),
        taken_there=there,
    )


def _content(kept: Kept, endpoint: str) -> Content | None:
    body, signature = kept.bodies.get(content_role(endpoint)), kept.bodies.get(signature_role(endpoint))
    if body is None or body.erased is not None:
        return None
    return Content(body.data, body.media_type, signature.data.decode() if signature else "", body.profile)


def lanes(store: Store, now_us: int) -> Iterator[LaneSnapshot]:
    """See the port."""
    open_lanes = {row.lane for row in store.deliveries.values() if row.in_lane and row.is_push}
    for name in sorted(open_lanes):
        if found := lane(store, name, now_us):
            yield found


def lane(store: Store, name: str, now_us: int) -> LaneSnapshot | None:
    """See the port."""
    rows = [row for row in store.open_in(name) if row.is_push]
    return snapshot(name, rows, now_us) if rows else None


def counts(store: Store) -> dict[State, int]:
    """See the port."""
    found = dict.fromkeys(State, 0)
    for row in store.deliveries.values():
        found[store.shown(row).state] += 1
    return found


def behind(store: Store, ids: Sequence[str]) -> dict[str, int]:
    """See the port."""
    found: dict[str, int] = {}
    for row in (store.deliveries[one] for one in ids if one in store.deliveries):
        later = sum(one.lane_seq > row.lane_seq for one in store.open_in(row.lane)) if row.in_lane else 0
        held = sum(one.held_behind == row.id for one in store.deliveries.values() if one.open)
        if later + held:
            found[row.id] = later + held
    return found


def find(store: Store, query: Query) -> tuple[Found, ...]:
    """See the port."""
    lines: list[Found] = []
    messages = 0
    for message_id in sorted(store.messages, reverse=True) if query.limit > 0 else ():
        found = _lines(store, store.messages[message_id], query)
        lines += found
        messages += bool(found)
        if messages == query.limit:
            break
    return tuple(lines)


def _lines(store: Store, kept: Kept, query: Query) -> list[Found]:
    envelope = kept.envelope
    if kept.verdict == "accepted" and envelope.kind == "goc":
        return []
    outside = (
        (query.before and envelope.id >= query.before)
        or (query.verdict and kept.verdict != query.verdict)
        or (query.kind and envelope.kind != query.kind)
        or (query.since and envelope.received_at < query.since)
        or (query.attachments and _worst(store, kept) is not query.attachments)
        or (query.text and not _is_called(store, kept, query.text))
    )
    if outside:
        return []
    codes = tuple(cause.code for cause in kept.problems)
    deliveries = [store.shown(row) for row in store.of_message(envelope.id)]
    wanted = [
        one
        for one in deliveries
        if query.state in (None, one.state)
        and query.endpoint in ("", one.endpoint)
        and query.problem_code in ("", one.problem_code)
    ]
    if wanted:
        return [
            Found(
                envelope,
                one,
                kept.verdict,
                (*codes, one.problem_code) if one.problem_code else codes,
                store.examinations.get(envelope.id),
            )
            for one in wanted
        ]
    of_delivery = query.state is not None or query.endpoint
    if (of_delivery or deliveries) or (query.problem_code and query.problem_code not in codes):
        return []
    return [Found(envelope, None, kept.verdict, codes, store.examinations.get(envelope.id))]


def _worst(store: Store, kept: Kept) -> Judgement | None:
    found = store.examinations.get(kept.envelope.id)
    return found.worst if found is not None else None


def _is_called(store: Store, kept: Kept, text: str) -> bool:
    envelope = kept.envelope
    dossiers = {owner for (_, code), owner in store.names.items() if code.startswith(text)}
    given = kept.verdict == "rejected" and any(code.startswith(text) for _, code in envelope.business_ids)
    return envelope.id.startswith(text) or envelope.order_key in {*dossiers, text} or given


def journey(store: Store, message_id: str) -> Journey | None:
    """See the port."""
    kept = store.messages.get(message_id)
    if kept is None:
        return None
    rows = store.of_message(message_id)
    ids = {row.id for row in rows}
    attempts = [attempt for (delivery, _), (attempt, _) in store.attempts.items() if delivery in ids]
    caused = [one.envelope.id for one in store.messages.values() if one.envelope.caused_by == message_id]
    order_key = kept.envelope.order_key
    return Journey(
        envelope=kept.envelope,
        verdict=kept.verdict,
        problems=(*(cause.as_json() for cause in kept.problems), *problems_of(rows)),
        bodies=store.stored(message_id),
        deliveries=tuple(store.shown(row) for row in rows),
        attempts=tuple(sorted(attempts, key=lambda one: (one.started_at, one.delivery_id, one.number))),
        actions=tuple(
            {name: value for name, value in one.items() if name != "message"}
            for one in store.actions
            if one["delivery"] in ids or one.get("message") == message_id
        ),
        causes=tuple(_causes(store, kept.envelope.caused_by)),
        caused=tuple(sorted(caused)),
        identities=store.names_of(order_key) if order_key else (),
        examination=store.examinations.get(message_id),
    )


def _causes(store: Store, cause: str) -> Iterator[str]:
    seen: set[str] = set()
    while cause and cause not in seen:
        seen.add(cause)
        yield cause
        cause = store.messages[cause].envelope.caused_by if cause in store.messages else ""


def latest(store: Store, dossier: str, kind: str) -> Message | None:
    """See the port."""
    found = [
        (one.envelope.received_at, one.envelope.id)
        for one in store.messages.values()
        if one.verdict == "accepted" and (one.envelope.order_key, one.envelope.kind) == (dossier, kind)
    ]
    if not found:
        return None
    kept = store.messages[max(found)[1]]
    return store.body(kept.envelope.id, CANONICAL) or Message(kept.envelope, b"", kept.media_type)
