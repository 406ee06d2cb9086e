"""Keys of bodies on SQL: tried when the journal is opened, counted, and changed page by page.

A change names the coding it found: what somebody else changed meanwhile is left alone, and a page done twice changes
nothing. The bytes of a body that is locked already stay where they are; only its coding is written.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping
from sqlalchemy.exc import IntegrityError

from bus.journal import tables as t
from bus.journal.bodies import IS_ERASED
from bus.journal.burden import Touch
from bus.journal.dialect import Engines
from bus.journal.key_table import body_keys
from bus.journal.unit import Unit
from bus.journal.vault import MARK, BodyAltered, BodyLocked, Bound, Vault, missing, split
from bus.journal.writer import Writer
from bus.key_port import Rewrapped
from schemas.problem import Stage, problem

_PAGE_BYTES = 8 * 1024 * 1024
_b, _k = t.bodies.c, body_keys.c
_HEAD = (_b.message_id, _b.role, _b.month, _b.sha256, _b.size, _b.coding)
_PLACE = sa.tuple_(_b.message_id, _b.role)
_IS_HERE = (_b.message_id == sa.bindparam("of"), _b.role == sa.bindparam("at"), _b.month == sa.bindparam("in_month"))
_DATA = sa.select(_b.data).where(*_IS_HERE)
_SAME = (*_IS_HERE, _b.coding == sa.bindparam("found"))
_REWRAP = sa.update(t.bodies).where(*_SAME).values(coding=sa.bindparam("made"))
_LOCK = sa.update(t.bodies).where(*_SAME).values(coding=sa.bindparam("made"), data=sa.bindparam("bytes"))


@dataclass(frozen=True, slots=True)
class _Page:
    """Bodies with their new coding, made outside the writer thread."""

    key_id: str
    position: str
    wraps: tuple[dict[str, object], ...]
    locks: tuple[dict[str, object], ...]

    def size_bytes(self) -> int:
        """Of what is written anew."""
        return sum(len(data) for row in self.locks if isinstance(data := row["bytes"], bytes))

    def touch(self) -> Touch:
        """No delivery."""
        return Touch()


def rewrap_many(unit: Unit, pages: Sequence[_Page]) -> list[Rewrapped]:
    """Writes pages, and who is the key of how many now."""
    return [_write(unit, page) for page in pages]


def _write(unit: Unit, page: _Page) -> Rewrapped:
    count = 0
    for statement, rows in ((_REWRAP, page.wraps), (_LOCK, page.locks)):
        for row in rows:
            count += unit.connection.execute(statement, row).rowcount
    if count:
        unit.entry("rewrap", page.key_id, {"bodies": count})
    return Rewrapped(page.position, count)


def admit(engines: Engines, vault: Vault, *, now_us: int) -> None:
    """Tries the keys against what is kept, and notes the active one.

    Raises:
        BodyLocked: bodies are kept under a key that is not there, or is another one.
    """
    with engines.reader.begin() as connection:
        known = {row.key_id: row.checked for row in connection.execute(sa.select(body_keys))}
        for key_id, checked in known.items():
            if key_id not in vault.ids:
                if connection.execute(sa.select(_b.role).where(_under(key_id)).limit(1)).first() is not None:
                    raise BodyLocked(missing(key_id, vault.ids))
            elif not vault.knows(key_id, checked):
                raise BodyLocked(problem("LT-KEY-006", Stage.CONFIGURE, {"key": key_id}))
    if vault.active and vault.active not in known:
        row = {"key_id": vault.active, "checked": vault.check(vault.active), "since_us": now_us}
        try:
            with engines.writer.begin() as connection:
                connection.execute(sa.insert(body_keys), row)
        except IntegrityError:  # another process was quicker: it may have had another key under this id
            admit(engines, vault, now_us=now_us)
            return
    engines.hold(vault)


def _under(key_id: str) -> sa.ColumnElement[bool]:
    return sa.or_(_b.coding.like(f"{MARK}:{key_id}:%"), _b.coding.like(f"%+{MARK}:{key_id}:%"))


class SqlKeys(ABC):
    """See `bus.key_port`. What it stands on is the journal's."""

    _writer: Writer
    _vault: Vault

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Connection]:
        """One reading transaction."""

    def active_key(self) -> str:
        """See the port."""
        return self._vault.active

    def bodies_by_key(self) -> Mapping[str, int]:
        """See the port."""
        with self._reading() as connection:
            ids = [row.key_id for row in connection.execute(sa.select(_k.key_id).order_by(_k.key_id))]
            sums = [sa.func.coalesce(sa.func.sum(sa.case((_under(key_id), 1), else_=0)), 0) for key_id in ids]
            total, *counts = connection.execute(
                sa.select(sa.func.count(), *sums).select_from(t.bodies).where(sa.not_(IS_ERASED))
            ).one()
        found = dict(zip(ids, map(int, counts), strict=True))
        return {"": total - sum(found.values()), **found}

    def rewrap(self, position: str, limit: int) -> Future[Rewrapped]:
        """See the port."""
        with self._reading() as connection:
            page = _page(connection, self._vault, position, limit) if self._vault.active else _Page("", "", (), ())
        return self._writer.submit(rewrap_many, page)


def _page(connection: Connection, vault: Vault, position: str, limit: int) -> _Page:
    after = json.loads(position) if position else ["", ""]
    query = (
        sa.select(*_HEAD)
        .where(sa.tuple_(*map(sa.literal, after)) < _PLACE, sa.not_(_under(vault.active)), sa.not_(IS_ERASED))
        .order_by(_b.message_id, _b.role)
        .limit(limit)
    )
    rows = connection.execute(query).mappings().all()
    wraps: list[dict[str, object]] = []
    locks: list[dict[str, object]] = []
    size, place = 0, ""
    for row in rows:
        if size > _PAGE_BYTES:
            return _Page(vault.active, place, tuple(wraps), tuple(locks))
        place = json.dumps([row["message_id"], row["role"]])
        if split(row["coding"])[1]:
            wraps += _rewrapped(vault, row)
        else:
            locks.append(_locked(connection, vault, row))
            size += row["size"]
    return _Page(vault.active, place if len(rows) == limit else "", tuple(wraps), tuple(locks))


def _rewrapped(vault: Vault, row: RowMapping) -> list[dict[str, object]]:
    """Nothing where the wrap was altered: it stays as it is, is counted under its key, and the doctor names it."""
    bound = Bound(row["message_id"], row["role"], row["sha256"])
    try:
        return [{**_where(row), "made": vault.rewrap(row["coding"], bound)}]
    except BodyAltered:
        return []


def _locked(connection: Connection, vault: Vault, row: RowMapping) -> dict[str, object]:
    data = connection.execute(_DATA, {name: value for name, value in _where(row).items() if name != "found"})
    bound = Bound(row["message_id"], row["role"], row["sha256"])
    coding, locked = vault.lock(bytes(data.scalar_one()), row["coding"], bound)
    return {**_where(row), "made": coding, "bytes": locked}


def _where(row: RowMapping) -> dict[str, object]:
    return {"of": row["message_id"], "at": row["role"], "in_month": row["month"], "found": row["coding"]}
