"""Walks every writer's chain, then compares what the entries say with the records that are kept: message by message,
each once, at the entry that tells of its coming.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any  # columns

import sqlalchemy as sa
from sqlalchemy import Connection

from bus.journal import tables as t
from bus.journal.audit_bodies import check_bodies
from bus.journal.audit_doings import check_doings
from bus.journal.audit_rows import Birth, Gathered, gather
from bus.journal.chain import Entry, Link, breaks
from bus.journal.told import Facts, Told, agrees, standings

_FIELDS = tuple(Entry.__dataclass_fields__)
_ENTRIES = sa.select(*(t.entries.c[name] for name in _FIELDS)).order_by(t.entries.c.writer, t.entries.c.number)
_VERDICTS = {"accept": "accepted", "refuse": "rejected", "reject": "rejected", "ask": "asked"}
_BIRTHS = _ENTRIES.where(t.entries.c.kind.in_(sorted(_VERDICTS)))
_PAGE = 200  # of entries, of messages


def check_chains(connection: Connection) -> Iterator[str]:
    """The first break of each chain, then each record that is not what its entries say. Constant memory."""
    heads = {row.writer: Link(row.number, row.hash) for row in connection.execute(sa.select(t.writers))}
    yield from breaks(_entries(connection, _ENTRIES), heads)
    births = itertools.chain.from_iterable(map(_births_in, _entries(connection, _BIRTHS)))
    while page := list(itertools.islice(births, _PAGE)):
        found = gather(connection, page)
        for birth in page:
            yield from _check_message(birth, found)
            yield from _check_deliveries(birth, found)
            yield from check_bodies(connection, birth, found)
            yield from check_doings(birth, found)


def _entries(connection: Connection, query: sa.Select[Any]) -> Iterator[Entry]:
    rows = connection.execution_options(yield_per=_PAGE).execute(query)
    return (Entry(*row) for row in rows)


def _births_in(entry: Entry) -> Iterator[Birth]:
    facts = _facts(entry)
    place, verdict, party = f"{entry.writer}:{entry.number}", _VERDICTS[entry.kind], str(facts.get("party", ""))
    items = facts.get("items", ())
    if not items or any(item["status"] != "duplicate" for item in items):
        yield Birth(place, entry.subject, verdict, party, entry.kind, facts)
    for item in items:
        if item["status"] == "accepted":
            yield Birth(place, item["id"], verdict, party, "", item)


def _facts(entry: Entry) -> Facts:
    """What an entry says; nothing where it was damaged: its chain is broken there, and that is named."""
    try:
        facts = json.loads(entry.text)["facts"]
    except (ValueError, KeyError, TypeError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _check_message(birth: Birth, found: Gathered) -> Iterator[str]:
    """There, with what its entry says of it; of a rejected one also what was wrong with it."""
    row = found.messages.get(birth.message_id)
    if row is None:
        yield f"{birth.place}: message {birth.message_id} missing"
        return
    facts = birth.facts
    told = {"sha256": facts.get("sha256"), "verdict": birth.verdict, "party": birth.party}
    if birth.is_item:
        told |= {"kind": facts.get("kind"), "order_key": facts.get("dossier"), "profile": facts.get("profile")}
    if any(row[name] != value for name, value in told.items()):
        yield f"{birth.place}: message {birth.message_id} altered"
    if birth.kind == "reject" and found.problems.get(birth.message_id, []) != list(facts.get("problems", ())):
        yield f"{birth.place}: problems of message {birth.message_id} altered"


def _check_deliveries(birth: Birth, found: Gathered) -> Iterator[str]:
    """Each delivery an item was accepted with, and no other: where it goes, and the state its entries left it in."""
    if not birth.is_item:
        return
    there = {row["id"] for row in found.deliveries.values() if row["message_id"] == birth.message_id}
    for planned in birth.facts.get("deliveries", ()):
        endpoint, _, operation = str(planned).partition(":")
        id = f"{birth.message_id}:{endpoint}"
        there.discard(id)
        about = found.about.get(id, [])
        row = found.deliveries.get(id)
        if row is None:
            yield f"{birth.place}: delivery {id} missing"
        elif (row["message_id"], row["endpoint"], row["operation"], row["dossier"]) != (
            birth.message_id, endpoint, operation, birth.facts.get("dossier"),
        ) or row["replays"] != _replays(about):  # fmt: skip
            yield f"{birth.place}: delivery {id} altered"
        elif not any(agrees(one, row["state"], row["problem_code"]) for one in standings(about)):
            place = about[-1].place if about else birth.place
            yield f"{place}: delivery {id} altered"
    for id in sorted(there):
        yield f"{birth.place}: delivery {id} added"


def _replays(about: list[Told]) -> int:
    acts = (one.facts for one in about if one.kind == "act")
    return sum(facts.get("act") == "replay" and bool(facts.get("done")) for facts in acts)
