"""The work of one transaction: rows read once, changes gathered, written in bulk and in an order keys allow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping, Table

from bus.journal import tables as t
from bus.journal.chain import Link, next_entry
from bus.journal.delivery_row import CHANGING, COLUMNS, DeliveryRow, as_values
from bus.journal.examination_table import examinations
from bus.journal.locks import Locks
from bus.journal.plan_tables import plan_items, plans
from bus.journal.seal_tables import seal_spans, seals
from bus.journal.tally import ACCEPTED

_CHUNK = 5_000  # values in one statement: databases bound them, an envelope with very many items must not meet that
_ORDER = (
    t.dossiers, t.identities, t.counters, t.lanes, t.messages, t.bodies, t.problems, examinations, t.idempotency,
    t.deliveries, t.intents, t.attempts, t.actions, t.generations, t.entries, seals, seal_spans, plans, plan_items,
)  # fmt: skip
# Keys that another process may be writing too: always in one order, so that two that meet do not wait for each other.
_MEETING = {table.name: tuple(c.name for c in table.primary_key) for table in (*_ORDER[:4], t.idempotency)}
_INSERTS = {table.name: sa.insert(table) for table in _ORDER}
_READ = sa.select(t.deliveries).where(t.deliveries.c.id.in_(sa.bindparam("ids", expanding=True))).with_for_update()
_CHANGE = (
    sa.update(t.deliveries)
    .where(t.deliveries.c.id == sa.bindparam("b_id"), t.deliveries.c.month == sa.bindparam("b_month"))
    .values({name: sa.bindparam(f"b_{name}") for name in CHANGING})
)


class Unit:
    """Used by the writer thread only, within one savepoint."""

    def __init__(self, connection: Connection, *, writer: str, link: Link, now_us: int, locks: Locks) -> None:
        self.connection = connection
        self.locks = locks
        self.now_us = now_us
        self.link = link
        self.tally: Counter[str] = Counter()  # what this unit adds to the sums of `survey`
        self._writer = writer
        self._inserts: dict[str, list[dict[str, object]]] = {}
        self._known: dict[str, DeliveryRow] = {}
        self._new: dict[str, DeliveryRow] = {}
        self._changed: dict[str, DeliveryRow] = {}

    def insert(self, table: Table, values: dict[str, object]) -> None:
        """A new row, written at the next flush. All rows of a table name the same columns."""
        self._inserts.setdefault(table.name, []).append(values)

    def entry(self, kind: str, subject: str, facts: Mapping[str, object]) -> None:
        """The next entry of this writer's chain."""
        entry = next_entry(self._writer, self.link, kind=kind, subject=subject, facts=facts, at_us=self.now_us)
        self.link = Link(entry.number, entry.hash)
        self.insert(t.entries, {name: getattr(entry, name) for name in entry.__slots__})

    def read(self, statement: sa.Executable, values: Mapping[str, object] | None = None) -> Sequence[RowMapping]:
        """Reads what is written; call `flush` first where rows of this unit matter. A long list under the name
        "many" is read in parts."""
        given = dict(values or {})
        many = given.get("many")
        if not isinstance(many, list) or len(many) <= _CHUNK:
            return self.connection.execute(statement, given).mappings().all()
        found: list[RowMapping] = []
        for start in range(0, len(many), _CHUNK):
            given["many"] = many[start : start + _CHUNK]
            found += self.connection.execute(statement, given).mappings()
        return found

    def deliveries(self, ids: Iterable[str]) -> dict[str, DeliveryRow]:
        """Rows by id, locked until the commit; unknown ids are left out."""
        wanted = list(dict.fromkeys(ids))
        if missing := sorted(one for one in wanted if one not in self._known):
            for row in self.connection.execute(_READ, {"ids": missing}).mappings():
                self._known[row["id"]] = delivery_row(row)
        return {one: self._known[one] for one in wanted if one in self._known}

    def add(self, row: DeliveryRow) -> None:
        """A new delivery."""
        self.tally.update((ACCEPTED, row.state))
        self._known[row.id] = self._new[row.id] = row

    def put(self, row: DeliveryRow) -> None:
        """A changed delivery."""
        before = self._known[row.id].state
        if before != row.state:
            self.tally[before] -= 1
            self.tally[row.state] += 1
        self._known[row.id] = row
        (self._new if row.id in self._new else self._changed)[row.id] = row

    def flush(self) -> None:
        """Writes what was gathered."""
        if self._changed:
            rows = [{f"b_{name}": getattr(row, name) for name in COLUMNS} for row in self._changed.values()]
            self.connection.execute(_CHANGE, rows)
            self._changed.clear()
        for row in self._new.values():
            self.insert(t.deliveries, as_values(row))
        self._new.clear()
        if self._inserts:
            gathered, self._inserts = self._inserts, {}
            for table in _ORDER:
                if rows := gathered.pop(table.name, []):
                    if self.locks.needed and (key := _MEETING.get(table.name)):
                        rows.sort(key=itemgetter(*key))
                    self.connection.execute(_INSERTS[table.name], rows)


def delivery_row(row: RowMapping) -> DeliveryRow:
    """A row of deliveries, typed."""
    return DeliveryRow(*[row[name] for name in COLUMNS])
