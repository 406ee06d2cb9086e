"""Walks every writer's chain, then compares what the entries say with the records that are kept."""

from __future__ import annotations

import itertools
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any  # facts of an entry are JSON

import sqlalchemy as sa
from sqlalchemy import Connection

from bus.journal import tables as t
from bus.journal.attempt_row import attempt_of
from bus.journal.bodies import body_of, erased_mark
from bus.journal.chain import Entry, Link, breaks
from bus.journal.facts import attempt_fact
from bus.journal.vault import BodyAltered
from schemas.message import sha256_hex

_FIELDS = tuple(Entry.__dataclass_fields__)
_ENTRIES = sa.select(*(t.entries.c[name] for name in _FIELDS)).order_by(t.entries.c.writer, t.entries.c.number)
_PAGE = 200
_MANY: sa.BindParameter[str] = sa.bindparam("many", expanding=True)
_MESSAGES = sa.select(t.messages.c.id, t.messages.c.sha256).where(t.messages.c.id.in_(_MANY))
_BODIES = sa.select(t.bodies).where(t.bodies.c.message_id.in_(_MANY), t.bodies.c.role.in_(("raw", "canonical")))
_ERASURES = sa.select(t.entries.c.subject).where(t.entries.c.kind == "erase", t.entries.c.subject.in_(_MANY))
_ATTEMPTS = sa.select(t.attempts).where(t.attempts.c.delivery_id.in_(_MANY))

Facts = Mapping[str, Any]  # Any: JSON


def check_chains(connection: Connection) -> Iterator[str]:
    """The first break of each chain, then each record that is not what its entry says. Constant memory."""
    heads = {row.writer: Link(row.number, row.hash) for row in connection.execute(sa.select(t.writers))}
    yield from breaks(_entries(connection), heads)
    entries = _entries(connection)
    while page := list(itertools.islice(entries, _PAGE)):
        yield from _check_messages(connection, page)
        yield from _check_attempts(connection, page)


def _entries(connection: Connection) -> Iterator[Entry]:
    rows = connection.execution_options(yield_per=_PAGE).execute(_ENTRIES)
    return (Entry(*row) for row in rows)


def _check_messages(connection: Connection, page: Sequence[Entry]) -> Iterator[str]:
    """Messages must be there with the digest they came with; a body may have been erased, on record, not changed."""
    told = {message_id: (entry, facts) for entry in page for message_id, facts in _messages_of(entry)}
    many = {"many": sorted(told)}
    kept = {row.id: row.sha256 for row in connection.execute(_MESSAGES, many)} if told else {}
    for message_id, (entry, facts) in told.items():
        if kept.get(message_id) != facts.get("sha256"):
            word = "altered" if message_id in kept else "missing"
            yield f"{entry.writer}:{entry.number}: message {message_id} {word}"
    bodies = connection.execute(_BODIES, many).mappings().all() if told else ()
    gone = sorted({body["message_id"] for body in bodies if erased_mark(body["coding"])})
    on_record = set(connection.execute(_ERASURES, {"many": gone}).scalars()) if gone else set()
    for body in bodies:
        entry, facts = told[body["message_id"]]
        if erased_mark(body["coding"]):
            if body["message_id"] not in on_record or body["sha256"] != facts.get("body_sha256"):
                yield f"{entry.writer}:{entry.number}: body {body['role']} of message {body['message_id']} gone unsaid"
            continue
        digest = _digest(connection, body)
        if digest != facts.get("body_sha256") or body["sha256"] != digest:
            yield f"{entry.writer}:{entry.number}: body {body['role']} of message {body['message_id']} altered"


def _messages_of(entry: Entry) -> Iterator[tuple[str, Facts]]:
    if entry.kind not in ("accept", "refuse", "reject", "ask"):
        return
    facts = _facts(entry)
    items = facts.get("items", ())
    if not items or any(item["status"] != "duplicate" for item in items):
        yield entry.subject, facts
    yield from ((item["id"], item) for item in items if item["status"] == "accepted")


def _facts(entry: Entry) -> Facts:
    """What an entry says; nothing where it was damaged: its chain is broken there, and that is named."""
    try:
        facts = json.loads(entry.text)["facts"]
    except (ValueError, KeyError, TypeError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _digest(connection: Connection, body: sa.RowMapping) -> str:
    try:
        return sha256_hex(body_of(connection, body))
    except (zlib.error, TypeError, BodyAltered):
        return ""


def _check_attempts(connection: Connection, page: Sequence[Entry]) -> Iterator[str]:
    facts = {entry: _facts(entry).get("attempt") for entry in page if entry.kind == "settle"}
    told = {entry: fact for entry, fact in facts.items() if fact is not None}
    if not told:
        return
    rows: Iterable[sa.RowMapping] = connection.execute(
        _ATTEMPTS, {"many": sorted({entry.subject for entry in told})}
    ).mappings()
    kept = {(row["delivery_id"], row["number"]): attempt_fact(attempt_of(row)) for row in rows}
    for entry, fact in told.items():
        found = kept.get((entry.subject, fact["number"]))
        if found != fact:
            word = "missing" if found is None else "altered"
            yield f"{entry.writer}:{entry.number}: attempt {entry.subject}:{fact['number']} {word}"
