"""Marks of signed messages on SQL."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bus.journal.burden import Touch
from bus.journal.moments import to_us
from bus.journal.seen_table import replays
from bus.journal.unit import Unit
from bus.journal.writer import Writer
from bus.records.seeing import Fate, Seen, Sight

_r = replays.c
_KNOWN = sa.select(_r.mark, _r.body_sha256, _r.until_us, _r.answer).where(
    _r.mark.in_(sa.bindparam("many", expanding=True))
)
_INSERT = sa.insert(replays)
_AGAIN = sa.delete(replays).where(_r.mark == sa.bindparam("b_mark"))
_ANSWER = (
    sa.update(replays).where(_r.mark == sa.bindparam("b_mark"), _r.answer == "").values(answer=sa.bindparam("b_answer"))
)


@dataclass(frozen=True, slots=True)
class Mark:
    """One to be kept."""

    seen: Seen

    def size_bytes(self) -> int:
        """Nothing to speak of."""
        return 0

    def touch(self) -> Touch:
        """No delivery."""
        return Touch()


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer to be kept."""

    mark: str
    answer: str

    def size_bytes(self) -> int:
        """As it is kept."""
        return len(self.answer)

    def touch(self) -> Touch:
        """No delivery."""
        return Touch()


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Marks to be dropped."""

    before: datetime

    def size_bytes(self) -> int:
        """Nothing."""
        return 0

    def touch(self) -> Touch:
        """No delivery."""
        return Touch()


def see_many(unit: Unit, many: Sequence[Mark]) -> list[Sight]:
    """A run of marks, in order. Another process that was quicker with one makes the run be done again."""
    rows = unit.read(_KNOWN, {"many": sorted({each.seen.mark for each in many})})
    known = {row["mark"]: (row["body_sha256"], row["until_us"], row["answer"]) for row in rows}
    written = set(known)
    fresh: dict[str, dict[str, object]] = {}
    sights: list[Sight] = []
    for each in many:
        seen = each.seen
        found = known.get(seen.mark)
        if found is None or found[1] < unit.now_us:
            fresh[seen.mark] = {
                "mark": seen.mark, "body_sha256": seen.body_sha256, "until_us": to_us(seen.until), "answer": "",
            }  # fmt: skip
            known[seen.mark] = (seen.body_sha256, max(to_us(seen.until), unit.now_us), "")
            sights.append(Sight(Fate.FIRST))
        elif found[0] == seen.body_sha256:
            sights.append(Sight(Fate.SAME, found[2]))
        else:
            sights.append(Sight(Fate.OTHER))
    if again := sorted(written & set(fresh)):
        unit.connection.execute(_AGAIN, [{"b_mark": mark} for mark in again])
    if fresh:
        unit.connection.execute(_INSERT, [fresh[mark] for mark in sorted(fresh)])
    return sights


def answer_many(unit: Unit, many: Sequence[Answered]) -> list[None]:
    """A run of answers."""
    values = [{"b_mark": each.mark, "b_answer": each.answer} for each in sorted(many, key=lambda one: one.mark)]
    unit.connection.execute(_ANSWER, values)
    return [None] * len(many)


def forget_many(unit: Unit, many: Sequence[Forgetting]) -> list[int]:
    """Drops old marks."""
    return [
        unit.connection.execute(sa.delete(replays).where(_r.until_us < to_us(each.before))).rowcount for each in many
    ]


class SqlSeen:
    """See `bus.seen_port`."""

    _writer: Writer

    def see(self, seen: Seen) -> Future[Sight]:
        """See the port."""
        return self._writer.submit(see_many, Mark(seen))

    def answer_seen(self, mark: str, answer: str) -> Future[None]:
        """See the port."""
        return self._writer.submit(answer_many, Answered(mark, answer))

    def forget_seen(self, *, before: datetime) -> Future[int]:
        """See the port."""
        return self._writer.submit(forget_many, Forgetting(before))
