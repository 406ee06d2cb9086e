"""What accepting needs to know, read once for a whole run, and kept up to date while its items are decided."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from bus.journal import tables as t
from bus.journal.delivery_row import DeliveryRow
from bus.journal.unit import Unit
from bus.records import Acceptance, AcceptItem, NewIdentity

Name = tuple[str, str]  # (party, code)
_AHEAD = 64  # numbers looked up at once

_i, _d = t.identities.c, t.deliveries.c
_MANY: sa.BindParameter[str] = sa.bindparam("many", expanding=True)
_KEYS = sa.select(t.idempotency).where(t.idempotency.c.key.in_(_MANY))
_KEYS_LOCKED = _KEYS.order_by(t.idempotency.c.key).with_for_update()
_NAMES = sa.select(_i.party, _i.code, _i.dossier).where(_i.code.in_(_MANY))
_CALLED = sa.select(_i.party, _i.dossier).where(_i.dossier.in_(_MANY))
_LANES = sa.select(t.lanes).where(t.lanes.c.lane.in_(_MANY)).order_by(t.lanes.c.lane).with_for_update()
_ends = (
    sa.select(_d.lane, sa.func.max(_d.lane_seq).label("last"), sa.func.max(_d.held_behind).label("held"))
    .where(t.IS_OPEN, _d.lane.in_(_MANY))
    .group_by(_d.lane)
    .subquery()
)
_TAILS = sa.select(_d.lane, _d.id, _ends.c.held).join(
    _ends, sa.and_(_d.lane == _ends.c.lane, _d.lane_seq == _ends.c.last)
)
_MOVE_LANE = sa.update(t.lanes).where(t.lanes.c.lane == sa.bindparam("b_lane")).values(last_seq=sa.bindparam("b_seq"))
_MOVE_COUNTER = (
    sa.update(t.counters).where(t.counters.c.name == sa.bindparam("b_name")).values(last=sa.bindparam("b_last"))
)
_COUNTER = sa.select(t.counters.c.last).where(t.counters.c.name == sa.bindparam("name")).with_for_update()


@dataclass(frozen=True, slots=True)
class Key:
    """The first copy under an idempotency key."""

    content_sha256: str
    message_id: str
    dossier: str


@dataclass(slots=True)
class Tail:
    """The end of a lane."""

    last_seq: int
    open_tail: str  # the open delivery that came last; "" = nothing open
    blocked: bool  # something open in it is held behind another lane: nothing more is fed
    stored: bool
    changed: bool = False


@dataclass(slots=True)
class _Counter:
    last: int
    stored: bool
    checked: int = 0  # numbers up to this one were looked up
    taken: frozenset[str] = frozenset()  # codes among them that somebody has


def key_digest(party: str, item: AcceptItem) -> str:
    """The duplicate key's place in the table: one digest of caller, operation and key. "" = none."""
    if not item.idempotency_key:
        return ""
    parts = (party, item.message.envelope.operation, item.idempotency_key)
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


class Ground:
    """Used by the writer thread only, within one run."""

    def __init__(self, unit: Unit, acceptances: Sequence[Acceptance]) -> None:
        self._unit = unit
        items = [(acceptance.party, item) for acceptance in acceptances for item in acceptance.items]
        self.names = self._read_names({code for _, item in items for _, code in item.dossier.names if code})
        unit.locks.dossiers([*self.names.values(), *(item.dossier.known for _, item in items if item.dossier.known)])
        self.keys = self._read_keys(items)
        self.new_dossiers: set[str] = set()
        self._parties: dict[str, set[str]] = {}  # as stored
        self._given: dict[str, set[str]] = {}  # in this run
        self._tails: dict[str, Tail] = {}
        self._counters: dict[str, _Counter] = {}
        self._read_ahead([item for _, item in items])

    # -- names --

    def is_called(self, dossier: str, party: str) -> bool:
        """Whether a dossier has a name at a party."""
        return party in self._given.get(dossier, ()) or party in self._called(dossier)

    def give_name(self, dossier: str, name: Name) -> None:
        """A new name of a dossier."""
        self.names[name] = dossier
        self._given.setdefault(dossier, set()).add(name[0])
        values: dict[str, object] = {"party": name[0], "code": name[1], "dossier": dossier, "at_us": self._unit.now_us}
        self._unit.insert(t.identities, values)

    def next_code(self, wanted: NewIdentity) -> str:
        """The next number of a counter that nobody has yet."""
        name = f"{wanted.party}\x1f{wanted.prefix}"
        counter = self._counter(name, wanted.start - 1)
        while True:
            counter.last += 1
            if counter.last > counter.checked:
                self._look_ahead(counter, wanted)
            code = _code(wanted, counter.last)
            if code not in counter.taken and (wanted.party, code) not in self.names:
                return code

    # -- lanes --

    def append(self, row: DeliveryRow) -> str:
        """A new delivery at the end of its lane. Returns its predecessor in the queue."""
        tail = self.tail(row.lane)
        before = tail.open_tail
        tail.last_seq, tail.open_tail, tail.changed = row.lane_seq, row.id, True
        tail.blocked = tail.blocked or bool(row.held_behind)
        return before

    def tail(self, lane: str) -> Tail:
        """The end of a lane as it is now."""
        if lane not in self._tails:
            self._tails.update(self._read_tails([lane]))
        return self._tails[lane]

    def new_lane(self, lane: str) -> None:
        """A lane that cannot have been there before: spares a look."""
        self._tails.setdefault(lane, Tail(0, "", blocked=False, stored=False))

    def write(self) -> None:
        """New ends of lanes and counters."""
        for name, counter in self._counters.items():
            if counter.stored:
                self._unit.connection.execute(_MOVE_COUNTER, {"b_name": name, "b_last": counter.last})
            else:
                self._unit.insert(t.counters, {"name": name, "last": counter.last})
        changed = {lane: tail for lane, tail in self._tails.items() if tail.changed}
        update = [{"b_lane": lane, "b_seq": tail.last_seq} for lane, tail in changed.items() if tail.stored]
        for lane, tail in changed.items():
            if not tail.stored:
                self._unit.insert(t.lanes, {"lane": lane, "last_seq": tail.last_seq})
            tail.stored, tail.changed = True, False
        if update:
            self._unit.connection.execute(_MOVE_LANE, update)

    # -- reading --

    def _read_ahead(self, items: Sequence[AcceptItem]) -> None:
        lanes: set[str] = set()
        named: set[str] = set()
        for item in items:
            found = item.dossier.known or next((self.names[n] for n in item.dossier.names if n in self.names), "")
            if found:
                lanes.update(f"{found}@{planned.endpoint}" for planned in item.deliveries if not planned.unordered)
                if item.identities:
                    named.add(found)
        self._tails.update(self._read_tails(lanes))
        if named:
            self._parties.update({dossier: set() for dossier in named})
            for row in self._unit.read(_CALLED, {"many": sorted(named)}):
                self._parties[row["dossier"]].add(row["party"])

    def _read_keys(self, items: Iterable[tuple[str, AcceptItem]]) -> dict[str, Key]:
        """Locked where one of them may be given another content."""
        many = sorted({key for party, item in items if (key := key_digest(party, item))})
        may_change = self._unit.locks.needed and any(item.update for _, item in items)
        statement = _KEYS_LOCKED if may_change else _KEYS
        rows = self._unit.read(statement, {"many": many}) if many else ()
        return {row["key"]: Key(row["content_sha256"], row["message_id"], row["dossier"]) for row in rows}

    def _read_names(self, codes: Iterable[str]) -> dict[Name, str]:
        many = sorted(codes)
        rows = self._unit.read(_NAMES, {"many": many}) if many else ()
        return {(row["party"], row["code"]): row["dossier"] for row in rows}

    def _read_tails(self, lanes: Iterable[str]) -> dict[str, Tail]:
        many = sorted(lanes)
        tails = {lane: Tail(0, "", blocked=False, stored=False) for lane in many}
        for row in self._unit.read(_LANES, {"many": many}) if many else ():
            tails[row["lane"]] = Tail(row["last_seq"], "", blocked=False, stored=True)
        if known := [lane for lane in many if tails[lane].stored]:
            for row in self._unit.read(_TAILS, {"many": known}):
                tails[row["lane"]].open_tail = row["id"]
                tails[row["lane"]].blocked = bool(row["held"])
        return tails

    def _called(self, dossier: str) -> set[str]:
        if dossier not in self._parties:
            rows = () if dossier in self.new_dossiers else self._unit.read(_CALLED, {"many": [dossier]})
            self._parties[dossier] = {row["party"] for row in rows}
        return self._parties[dossier]

    def _counter(self, name: str, start: int) -> _Counter:
        if name not in self._counters:
            rows = self._unit.read(_COUNTER, {"name": name})
            self._counters[name] = _Counter(rows[0]["last"], True) if rows else _Counter(start, False)
        return self._counters[name]

    def _look_ahead(self, counter: _Counter, wanted: NewIdentity) -> None:
        """Which of the next numbers somebody has: one look for many."""
        counter.checked = counter.last + _AHEAD - 1
        codes = [_code(wanted, number) for number in range(counter.last, counter.checked + 1)]
        rows = self._unit.read(_NAMES, {"many": codes})
        counter.taken = frozenset(row["code"] for row in rows if row["party"] == wanted.party)


def _code(wanted: NewIdentity, number: int) -> str:
    return wanted.prefix + str(number).zfill(wanted.width)
