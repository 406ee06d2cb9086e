"""Seals on SQL: what waits for one, keeping one, and finding the one over an entry."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from bus.journal import tables as t
from bus.journal.burden import Touch
from bus.journal.moments import from_us, maybe_from_us, to_us
from bus.journal.seal_tables import seal_spans, seals
from bus.journal.unit import Unit
from bus.journal.writer import Writer
from bus.records.sealing import FIRST, ChainEntry, Seal, Span, Unsealed

_e, _s = t.entries.c, seal_spans.c
# By the key, writer for writer: spans grow for ever, writers hardly.
_sealed = (
    sa.select(sa.func.coalesce(sa.func.max(_s.last), 0))
    .where(_s.writer == t.writers.c.writer)
    .correlate(t.writers)
    .scalar_subquery()
)
_WAITING = (
    sa.select(t.writers.c.writer, t.writers.c.number, _sealed.label("sealed"))
    .where(t.writers.c.number > _sealed)
    .order_by(t.writers.c.writer)
)
_AT = sa.select(_e.at_us).where(_e.writer == sa.bindparam("writer"), _e.number == sa.bindparam("number"))
_RUN = (
    sa.select(_e.hash, _e.at_us)
    .where(_e.writer == sa.bindparam("writer"), _e.number.between(sa.bindparam("first"), sa.bindparam("last")))
    .order_by(_e.number)
)
_OVER = (
    sa.select(_s.seal)
    .where(_s.writer == sa.bindparam("writer"), _s.last >= sa.bindparam("number"), _s.first <= sa.bindparam("number"))
    .limit(1)
)
_SPANS = sa.select(_s.writer, _s.first, _s.last).where(_s.seal == sa.bindparam("seal")).order_by(_s.place)
_ABOUT = (
    sa.select(t.entries).where(_e.subject.in_(sa.bindparam("subjects", expanding=True))).order_by(_e.writer, _e.number)
)
_LAST = sa.select(sa.func.coalesce(sa.func.max(seals.c.number), 0))
_LAST_OF = sa.select(sa.func.coalesce(sa.func.max(_s.last), 0)).where(_s.writer == sa.bindparam("writer"))


@dataclass(frozen=True, slots=True)
class Sealing:
    """One seal to be kept."""

    seal: Seal

    def size_bytes(self) -> int:
        """Its token."""
        return len(self.seal.token)

    def touch(self) -> Touch:
        """No delivery."""
        return Touch()


def seal_many(unit: Unit, many: Sequence[Sealing]) -> list[bool]:
    """Keeps seals, in order."""
    return [_keep(unit, each.seal) for each in many]


def _keep(unit: Unit, seal: Seal) -> bool:
    unit.flush()
    number = unit.connection.execute(_LAST).scalar_one()
    before = _read(unit.connection, number)
    follows = all(
        unit.connection.execute(_LAST_OF, {"writer": span.writer}).scalar_one() == span.first - 1 for span in seal.spans
    )
    previous = before.sha256 if before is not None else FIRST
    if seal.number != number + 1 or seal.previous != previous or not follows or not seal.spans:
        return False
    unit.insert(
        seals,
        {
            "number": seal.number, "at_us": to_us(seal.at), "root": seal.root, "previous": seal.previous,
            "signature": seal.signature, "token": seal.token, "authority": seal.authority,
        },
    )  # fmt: skip
    for place, span in enumerate(seal.spans):
        values = {"writer": span.writer, "last": span.last, "first": span.first, "seal": seal.number, "place": place}
        unit.insert(seal_spans, values)
    unit.flush()
    return True


class SqlSeals(ABC):
    """See `bus.seal_port`. What it stands on is the journal's."""

    _writer: Writer

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Connection]:
        """One reading transaction."""

    def unsealed(self, limit: int) -> Unsealed:
        """See the port."""
        spans: list[Span] = []
        hashes: list[str] = []
        with self._reading() as connection:
            heads = connection.execute(_WAITING).all()
            firsts = ((writer, sealed + 1) for writer, _, sealed in heads)
            times = [connection.execute(_AT, {"writer": w, "number": n}).scalar_one_or_none() for w, n in firsts]
            for writer, head, sealed in heads:
                room = limit - len(hashes)
                if room <= 0:
                    break
                wanted = {"writer": writer, "first": sealed + 1, "last": min(head, sealed + room)}
                rows = connection.execute(_RUN, wanted).all()
                if rows:
                    spans.append(Span(writer, sealed + 1, sealed + len(rows)))
                    hashes += [row.hash for row in rows]
        waiting = sum(head - sealed for _, head, sealed in heads)
        oldest = min((at_us for at_us in times if at_us is not None), default=None)
        return Unsealed(tuple(spans), tuple(hashes), waiting, maybe_from_us(oldest))

    def seal(self, seal: Seal) -> Future[bool]:
        """See the port."""
        return self._writer.submit(seal_many, Sealing(seal))

    def seal_over(self, writer: str, number: int) -> Seal | None:
        """See the port."""
        with self._reading() as connection:
            found = connection.execute(_OVER, {"writer": writer, "number": number}).scalar_one_or_none()
            return _read(connection, found) if found is not None else None

    def last_seal(self) -> Seal | None:
        """See the port."""
        with self._reading() as connection:
            return _read(connection, connection.execute(_LAST).scalar_one())

    def seal_numbered(self, number: int) -> Seal | None:
        """See the port."""
        with self._reading() as connection:
            return _read(connection, number)

    def hashes(self, spans: Sequence[Span]) -> tuple[str, ...]:
        """See the port."""
        found: list[str] = []
        with self._reading() as connection:
            for span in spans:
                wanted = {"writer": span.writer, "first": span.first, "last": span.last}
                found += [row.hash for row in connection.execute(_RUN, wanted)]
        return tuple(found)

    def entries_of(self, subjects: Sequence[str]) -> tuple[ChainEntry, ...]:
        """See the port."""
        with self._reading() as connection:
            rows = connection.execute(_ABOUT, {"subjects": list(subjects)}).mappings().all()
        return tuple(
            ChainEntry(
                row["writer"], row["number"], row["kind"], row["subject"], from_us(row["at_us"]), row["text"],
                row["previous"], row["hash"],
            )
            for row in rows
        )  # fmt: skip


def _read(connection: Connection, number: int) -> Seal | None:
    row = connection.execute(sa.select(seals).where(seals.c.number == number)).mappings().one_or_none()
    if row is None:
        return None
    spans = tuple(Span(each.writer, each.first, each.last) for each in connection.execute(_SPANS, {"seal": number}))
    return Seal(
        number=row["number"], at=from_us(row["at_us"]), root=row["root"], spans=spans,
        previous=row["previous"], signature=row["signature"], token=bytes(row["token"]), authority=row["authority"],
    )  # fmt: skip
