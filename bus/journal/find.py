"""The operators' list: newest first, one page at a time, by keys that have an index."""

from __future__ import annotations

import json
from collections import defaultdict

import sqlalchemy as sa
from sqlalchemy import Connection

from bus.delivery import Delivery, State
from bus.journal import tables as t
from bus.journal.derive import STATE, read_deliveries
from bus.journal.examination_table import examinations
from bus.journal.examinations import read_examinations
from bus.journal.message_row import envelope_of
from bus.journal.moments import to_us
from bus.records import Found, Query

_m, _d, _i = t.messages.c, t.deliveries.c, t.identities.c
_DOSSIERS = 200  # that a beginning of a code may mean
_LAST = "\U0010ffff"


def find_messages(connection: Connection, query: Query, *, now_us: int) -> tuple[Found, ...]:
    """`limit` counts messages: the deliveries of one message are never split between two pages."""
    ids = sa.select(_m.id).where(*_conditions(connection, query)).order_by(_m.id.desc()).limit(query.limit)
    rows = connection.execute(ids, {"now_us": now_us})
    return _lines(connection, [row.id for row in rows], query, now_us=now_us)


def _conditions(connection: Connection, query: Query) -> list[sa.ColumnElement[bool]]:
    # The bytes as they came stand behind each canonical message; they are listed only where they were all there was.
    found: list[sa.ColumnElement[bool]] = [sa.or_(_m.verdict != "accepted", _m.kind != "goc")]
    if query.before:
        found.append(_m.id < query.before)
    if query.verdict:
        found.append(_m.verdict == query.verdict)
    if query.kind:
        found.append(_m.kind == query.kind)
    if query.since is not None:
        found.append(_m.received_us >= to_us(query.since))
    if query.attachments is not None:
        worst = sa.select(examinations.c.message_id).where(examinations.c.worst == query.attachments.value)
        found.append(_m.id.in_(worst))
    if query.text:
        found.append(_called(connection, query.text))
    if narrow := _of_delivery(query):
        found.append(_m.id.in_(sa.select(_d.message_id).where(*narrow)))
    if query.problem_code:
        refused = sa.select(t.problems.c.message_id).where(t.problems.c.code == query.problem_code)
        parked = sa.select(_d.message_id).where(t.HAS_PROBLEM, _d.problem_code == query.problem_code)
        found.append(sa.or_(_m.id.in_(refused), _m.id.in_(parked)))
    return found


def _of_delivery(query: Query) -> list[sa.ColumnElement[bool]]:
    narrow: list[sa.ColumnElement[bool]] = []
    if query.state is not None:
        narrow.append(STATE.in_([query.state.value]))
        stored = query.state.final or query.state is State.PARKED  # also one that stands aside
        narrow.append(_d.state == query.state.value if stored else t.IS_OPEN)
    if query.endpoint:
        narrow.append(_d.endpoint == query.endpoint)
    return narrow


def _called(connection: Connection, text: str) -> sa.ColumnElement[bool]:
    """A message id or a dossier code, or a beginning of either. What was refused has no dossier: there the codes
    as given are looked at."""
    codes = sa.select(_i.dossier).distinct().where(_i.code >= text, _i.code < text + _LAST).limit(_DOSSIERS)
    dossiers = [row.dossier for row in connection.execute(codes)]
    given = sa.and_(_m.verdict == "rejected", _m.business_ids.contains(f",{json.dumps(text)[:-1]}", autoescape=True))
    return sa.or_(sa.and_(_m.id >= text, _m.id < text + _LAST), _m.order_key.in_([*dossiers, text]), given)


def _lines(connection: Connection, ids: list[str], query: Query, *, now_us: int) -> tuple[Found, ...]:
    if not ids:
        return ()
    messages = {row["id"]: row for row in connection.execute(sa.select(t.messages).where(_m.id.in_(ids))).mappings()}
    codes: defaultdict[str, list[str]] = defaultdict(list)
    problems = sa.select(t.problems.c.message_id, t.problems.c.code).where(t.problems.c.message_id.in_(ids))
    for row in connection.execute(problems.order_by(t.problems.c.message_id, t.problems.c.number)):
        codes[row.message_id].append(row.code)
    where = sa.and_(_d.message_id.in_(ids), *_of_delivery(query))
    if query.problem_code:
        where = sa.and_(where, _d.problem_code == query.problem_code)
    deliveries: defaultdict[str, list[Delivery]] = defaultdict(list)
    for _, delivery, _ in sorted(read_deliveries(connection, where, now_us=now_us), key=lambda one: one[0].id):
        deliveries[delivery.message_id].append(delivery)
    examined = read_examinations(connection, ids)
    return tuple(
        Found(
            envelope_of(messages[one]), delivery, messages[one]["verdict"],
            tuple(codes[one]) + ((delivery.problem_code,) if delivery and delivery.problem_code else ()),
            examined.get(one),
        )
        for one in ids
        for delivery in (deliveries[one] or (None,))
    )  # fmt: skip
