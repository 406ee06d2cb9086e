"""Rows about a page of messages, and the entries about them, read at once for the chain's audit."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping, Table

from bus.journal import tables as t
from bus.journal.told import Facts, Told

_CHUNK = 1_000  # names in one statement
_KINDS = (
    "acknowledge", "act", "content", "erase", "expire", "hold", "intent", "look", "offer", "return", "settle",
    "supersede",
)  # fmt: skip
_MANY: sa.BindParameter[str] = sa.bindparam("many", expanding=True)
_e, _m, _d, _p = t.entries.c, t.messages.c, t.deliveries.c, t.problems.c
_MESSAGES = sa.select(_m.id, _m.sha256, _m.verdict, _m.party, _m.kind, _m.order_key, _m.profile).where(_m.id.in_(_MANY))
_PROBLEMS = sa.select(_p.message_id, _p.code).where(_p.message_id.in_(_MANY)).order_by(_p.message_id, _p.number)
_DELIVERIES = sa.select(
    _d.id, _d.message_id, _d.endpoint, _d.operation, _d.dossier, _d.state, _d.problem_code, _d.replays
).where(_d.message_id.in_(_MANY))
_ABOUT = (
    sa.select(_e.writer, _e.number, _e.kind, _e.subject, _e.at_us, _e.text)
    .where(_e.subject.in_(_MANY), _e.kind.in_(_KINDS))
    .order_by(_e.writer, _e.number)
)


@dataclass(frozen=True, slots=True)
class Birth:
    """A message as the entry of its coming tells it."""

    place: str  # writer:number of the entry
    message_id: str
    verdict: str
    party: str
    kind: str  # of the entry; "" = an item of it
    facts: Facts

    @property
    def is_item(self) -> bool:
        """Accepted, not the bytes it came in."""
        return not self.kind


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is kept about a page of messages. Lists are in the order of the table's key."""

    messages: Mapping[str, RowMapping]
    problems: Mapping[str, list[str]]  # message → codes
    deliveries: Mapping[str, RowMapping]
    of_message: Mapping[str, list[str]]  # message → itself and its deliveries
    bodies: Mapping[str, list[RowMapping]]  # by message
    attempts: Mapping[str, list[RowMapping]]  # by delivery
    intents: Mapping[str, list[RowMapping]]  # by delivery
    actions: Mapping[str, list[RowMapping]]  # by message
    about: Mapping[str, list[Told]]  # by message or delivery


def gather(connection: Connection, births: Sequence[Birth]) -> Gathered:
    """Everything about these."""
    ids = sorted({birth.message_id for birth in births})
    deliveries = {row["id"]: row for row in _read(connection, _DELIVERIES, ids)}
    planned = {
        f"{one.message_id}:{each.partition(':')[0]}" for one in births for each in one.facts.get("deliveries", ())
    }
    of_message = defaultdict(list, {one: [one] for one in ids})
    for id in sorted(planned | set(deliveries)):
        of_message[id.partition(":")[0]].append(id)
    many = sorted({name for names in of_message.values() for name in names[1:]})
    problems: defaultdict[str, list[str]] = defaultdict(list)
    for row in _read(connection, _PROBLEMS, [one.message_id for one in births if one.kind == "reject"]):
        problems[row["message_id"]].append(row["code"])
    about: defaultdict[str, list[Told]] = defaultdict(list)
    for row in _read(connection, _ABOUT, sorted((*ids, *many))):
        about[row["subject"]].append(_told(row))
    return Gathered(
        messages={row["id"]: row for row in _read(connection, _MESSAGES, ids)},
        problems=problems,
        deliveries=deliveries,
        of_message=of_message,
        bodies=_by(connection, t.bodies, "message_id", ids),
        attempts=_by(connection, t.attempts, "delivery_id", many),
        intents=_by(connection, t.intents, "delivery_id", many),
        actions=_by(connection, t.actions, "message_id", ids),
        about=about,
    )


def _read(connection: Connection, query: sa.Select[tuple[object, ...]], ids: Sequence[str]) -> list[RowMapping]:
    found: list[RowMapping] = []
    for start in range(0, len(ids), _CHUNK):
        found += connection.execute(query, {"many": list(ids[start : start + _CHUNK])}).mappings()
    return found


def _by(connection: Connection, table: Table, name: str, ids: Sequence[str]) -> Mapping[str, list[RowMapping]]:
    found: defaultdict[str, list[RowMapping]] = defaultdict(list)
    query = sa.select(table).where(table.c[name].in_(_MANY)).order_by(*table.primary_key.columns)
    for row in _read(connection, query, ids):
        found[row[name]].append(row)
    return found


def _told(row: RowMapping) -> Told:
    """Nothing where it was damaged: its chain is broken there, and that is named."""
    try:
        facts = json.loads(row["text"])["facts"]
    except (ValueError, KeyError, TypeError):
        facts = {}
    given = facts if isinstance(facts, dict) else {}
    return Told(row["writer"], row["number"], row["kind"], row["subject"], row["at_us"], given)
