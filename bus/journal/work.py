"""What a worker, or a partner that fetches, needs of each delivery: gathered in a few queries for a whole batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from bus.delivery import State, Unclear
from bus.journal import tables as t
from bus.journal.bodies import CANONICAL, body_of, content_role, erased_mark, signature_role
from bus.journal.delivery_row import DeliveryRow
from bus.journal.derive import deliveries_by_id, read_deliveries
from bus.journal.message_row import envelope_of
from bus.records import Content, WorkItem
from schemas.message import Message

_MANY: sa.BindParameter[str] = sa.bindparam("many", expanding=True)
_i, _d = t.identities.c, t.deliveries.c
_MESSAGES = sa.select(t.messages).where(t.messages.c.id.in_(_MANY))
_NAMES = sa.select(_i.dossier, _i.party, _i.code).where(_i.dossier.in_(_MANY)).order_by(_i.at_us, _i.party, _i.code)
_TAKEN = sa.select(_d.dossier, _d.endpoint, _d.operation).distinct().where(t.IS_TAKEN, _d.dossier.in_(_MANY))
_BODIES = sa.select(t.bodies).where(
    t.bodies.c.message_id.in_(_MANY), t.bodies.c.role.in_(sa.bindparam("roles", expanding=True))
)


def work_items(connection: Connection, ids: Sequence[str], *, now_us: int) -> tuple[WorkItem, ...]:
    """One item per id, in the order asked; unknown ids are left out."""
    if not ids:
        return ()
    rows = deliveries_by_id(connection, ids, now_us=now_us)
    stored = [row for row, _, _ in rows]
    messages = _messages(connection, {row.message_id for row in stored})
    bodies = _bodies(connection, stored)
    names = _grouped(connection.execute(_NAMES, {"many": _dossiers(stored)}).mappings())
    taken: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for one in connection.execute(_TAKEN, {"many": _dossiers(stored)}):
        taken[one.dossier, one.endpoint].add(one.operation)
    items: dict[str, WorkItem] = {}
    for row, delivery, ahead in rows:
        there = frozenset(taken[row.dossier, row.endpoint])
        kept = bodies[row.message_id]
        items[row.id] = WorkItem(
            delivery=delivery,
            message=_message(connection, messages[row.message_id], kept.get(CANONICAL)),
            unclear=Unclear(row.unclear),
            identities=names.get(row.dossier, ()),
            content=_content(connection, row, kept),
            next_attempt=row.last_number + 1,
            open_intent=bool(row.doubts),
            known_there=row.operation in there,
            is_head=not ahead and not row.held_behind and row.in_lane,
            taken_there=there,
        )
    return tuple(items[one] for one in dict.fromkeys(ids) if one in items)


def states_of_message(connection: Connection, message_id: str, *, now_us: int) -> list[State]:
    """The states of a message's deliveries, as shown."""
    rows = read_deliveries(connection, _d.message_id == message_id, now_us=now_us)
    return [delivery.state for _, delivery, _ in rows]


def names_of(connection: Connection, dossier: str) -> tuple[tuple[str, str], ...]:
    """A dossier's names, the newest last."""
    return _grouped(connection.execute(_NAMES, {"many": [dossier]}).mappings()).get(dossier, ())


def _dossiers(rows: Iterable[DeliveryRow]) -> list[str]:
    return sorted({row.dossier for row in rows})


def _messages(connection: Connection, ids: Iterable[str]) -> dict[str, RowMapping]:
    return {row["id"]: row for row in connection.execute(_MESSAGES, {"many": sorted(ids)}).mappings()}


def _bodies(connection: Connection, rows: Sequence[DeliveryRow]) -> defaultdict[str, dict[str, RowMapping]]:
    roles = {CANONICAL}
    for row in rows:
        roles.update((content_role(row.endpoint), signature_role(row.endpoint)))
    values = {"many": sorted({row.message_id for row in rows}), "roles": sorted(roles)}
    found: defaultdict[str, dict[str, RowMapping]] = defaultdict(dict)
    for body in connection.execute(_BODIES, values).mappings():
        found[body["message_id"]][body["role"]] = body
    return found


def _grouped(rows: Iterable[RowMapping]) -> dict[str, tuple[tuple[str, str], ...]]:
    found: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in rows:
        found[row["dossier"]].append((row["party"], row["code"]))
    return {dossier: tuple(names) for dossier, names in found.items()}


def _message(connection: Connection, row: RowMapping, body: RowMapping | None) -> Message:
    data = body_of(connection, body) if body is not None else b""
    return Message(envelope_of(row), data, row["media_type"])


def _content(connection: Connection, row: DeliveryRow, kept: Mapping[str, RowMapping]) -> Content | None:
    body = kept.get(content_role(row.endpoint))
    if body is None or erased_mark(body["coding"]):
        return None
    signature = kept.get(signature_role(row.endpoint))
    return Content(
        body=body_of(connection, body),
        media_type=body["media_type"],
        signature=body_of(connection, signature).decode() if signature is not None else "",
        profile=body["profile"],
    )
