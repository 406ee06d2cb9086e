"""One message with everything that happened to it, and single bodies."""

from __future__ import annotations

import json

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from bus.journal import tables as t
from bus.journal.attempt_row import attempt_of
from bus.journal.bodies import body_of, erased_mark
from bus.journal.delivery_row import problems_of
from bus.journal.derive import read_deliveries
from bus.journal.examinations import read_examination
from bus.journal.message_row import envelope_of
from bus.journal.moments import from_us
from bus.journal.work import names_of
from bus.records import Journey, Stored
from schemas.message import Envelope, Message

_m, _b, _d, _a, _x = t.messages.c, t.bodies.c, t.deliveries.c, t.attempts.c, t.actions.c
_CHAIN = 100  # causes followed upward


def read_journey(connection: Connection, message_id: str, *, now_us: int) -> Journey | None:
    """Everything known of one message; None = no such message."""
    row = connection.execute(sa.select(t.messages).where(_m.id == message_id)).mappings().one_or_none()
    if row is None:
        return None
    envelope = envelope_of(row)
    rows = sorted(read_deliveries(connection, _d.message_id == message_id, now_us=now_us), key=lambda one: one[0].id)
    ids = [stored.id for stored, _, _ in rows]
    attempts = connection.execute(
        sa.select(t.attempts).where(_a.delivery_id.in_(ids)).order_by(_a.started_us, _a.delivery_id, _a.number)
    )
    refused = connection.execute(
        sa.select(t.problems.c.data).where(t.problems.c.message_id == message_id).order_by(t.problems.c.number)
    )
    return Journey(
        envelope=envelope,
        verdict=row["verdict"],
        problems=(*(json.loads(one.data) for one in refused), *problems_of(stored for stored, _, _ in rows)),
        bodies=_stored(connection, message_id),
        deliveries=tuple(delivery for _, delivery, _ in rows),
        attempts=tuple(attempt_of(one) for one in attempts.mappings()),
        actions=_actions(connection, message_id),
        causes=_causes(connection, envelope),
        caused=tuple(
            one.id for one in connection.execute(sa.select(_m.id).where(_m.caused_by == message_id).order_by(_m.id))
        ),
        identities=names_of(connection, envelope.order_key) if envelope.order_key else (),
        examination=read_examination(connection, message_id),
    )


def read_body(connection: Connection, message_id: str, role: str) -> Message | None:
    """One kept body. A role without "@endpoint" means the first endpoint that has it."""
    message = connection.execute(sa.select(t.messages).where(_m.id == message_id)).mappings().one_or_none()
    wanted = sa.or_(_b.role == role, _b.role.startswith(f"{role}@", autoescape=True))
    query = sa.select(t.bodies).where(_b.message_id == message_id, wanted).order_by(_b.role).limit(1)
    body = connection.execute(query).mappings().one_or_none()
    if message is None or body is None or erased_mark(body["coding"]):
        return None
    return Message(envelope_of(message), body_of(connection, body), body["media_type"])


def read_latest(connection: Connection, dossier: str, kind: str) -> Message | None:
    """The newest accepted canonical message of one kind of a dossier."""
    query = (
        sa.select(_m.id)
        .where(_m.order_key == dossier, _m.kind == kind, _m.verdict == "accepted")
        .order_by(_m.received_us.desc(), _m.id.desc())
        .limit(1)
    )
    found = connection.execute(query).scalar_one_or_none()
    if found is None:
        return None
    if (kept := read_body(connection, found, "canonical")) is not None:
        return kept
    row = connection.execute(sa.select(t.messages).where(_m.id == found)).mappings().one()
    return Message(envelope_of(row), b"", row["media_type"])


def _stored(connection: Connection, message_id: str) -> tuple[Stored, ...]:
    columns = (_b.role, _b.media_type, _b.sha256, _b.size, _b.coding)
    query = sa.select(*columns).where(_b.message_id == message_id).order_by(_b.role)
    return tuple(
        Stored(row.role, row.media_type, row.sha256, row.size, erased_mark(row.coding))
        for row in connection.execute(query)
    )


def _actions(connection: Connection, message_id: str) -> tuple[dict[str, object], ...]:
    rows = connection.execute(
        sa.select(t.actions).where(_x.message_id == message_id).order_by(_x.at_us, _x.id)
    ).mappings()
    return tuple(map(_action, rows))


def _action(row: RowMapping) -> dict[str, object]:
    return {
        "act": row["act"],
        "delivery": row["delivery_id"],
        "who": row["who"],
        "why": row["why"],
        "as_then": bool(row["as_then"]),
        "done": bool(row["done"]),
        "reason": row["reason"],
        "at": from_us(row["at_us"]).isoformat(),
    }


def _causes(connection: Connection, envelope: Envelope) -> tuple[str, ...]:
    causes: list[str] = []
    cause = envelope.caused_by
    while cause and cause not in causes and len(causes) < _CHAIN:
        causes.append(cause)
        cause = connection.execute(sa.select(_m.caused_by).where(_m.id == cause)).scalar_one_or_none() or ""
    return tuple(causes)
