"""Examinations of attachments on SQL: put down with their message, taken, recorded, read."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from typing import Any  # facts of an entry are JSON

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from bus.journal import tables as t
from bus.journal.burden import Touch
from bus.journal.examination_table import IS_WAITING, examinations
from bus.journal.moments import from_us, maybe_from_us
from bus.journal.unit import Unit
from bus.journal.writer import Writer
from bus.records import AcceptItem
from bus.records.examining import (
    AttachmentFact,
    AttachmentPolicy,
    Backlog,
    Examination,
    Judgement,
    Waiting,
    worst_of,
)

KIND = "attachments"  # of entries

_x, _e = examinations.c, t.entries.c
_OLDEST = (
    sa.select(examinations).where(IS_WAITING).order_by(_x.tries, _x.message_id).limit(sa.bindparam("limit"))
)  # fmt: skip
_MINE = sa.and_(_x.message_id == sa.bindparam("b_id"), IS_WAITING)
_TAKEN = sa.update(examinations).where(_MINE).values(tries=_x.tries + 1)
_DONE = sa.update(examinations).where(_MINE).values(done=1, worst=sa.bindparam("b_worst"), done_us=sa.bindparam("b_at"))
_POLICY = sa.select(_x.policy).where(_MINE).with_for_update()
_TEXT = sa.select(_e.text).where(_e.subject == sa.bindparam("id"), _e.kind == KIND)
_SOME = sa.select(examinations).where(_x.message_id.in_(sa.bindparam("ids", expanding=True)))


@dataclass(frozen=True, slots=True)
class Taking:
    """So many to be looked at."""

    limit: int

    def size_bytes(self) -> int:
        """Nothing."""
        return 0

    def touch(self) -> Touch:
        """No delivery."""
        return Touch()


@dataclass(frozen=True, slots=True)
class Recording:
    """What was found of one message."""

    message_id: str
    found: tuple[AttachmentFact, ...]

    def size_bytes(self) -> int:
        """Small."""
        return 512 * len(self.found)

    def touch(self) -> Touch:
        """No delivery."""
        return Touch()


# ---------------------------------------------------------------- as an entry of the chain


def examination_facts(policy: AttachmentPolicy, found: Sequence[AttachmentFact]) -> dict[str, object]:
    """As they stand in the chain."""
    worst = worst_of(tuple(each.judgement for each in found))
    return {"policy": policy.value, "worst": worst.value, "attachments": [asdict(each) for each in found]}


def facts_in(texts: Iterable[str]) -> tuple[AttachmentFact, ...]:
    """Back from the texts of entries."""
    return tuple(_fact(each) for text in texts for each in json.loads(text)["facts"]["attachments"])


def _fact(kept: Mapping[str, Any]) -> AttachmentFact:  # Any: JSON
    return AttachmentFact(
        place=kept["place"], kind=kept["kind"], sha256=kept["sha256"], size_bytes=kept["size_bytes"],
        judgement=Judgement(kept["judgement"]), codes=tuple(kept["codes"]), signers=tuple(kept["signers"]),
    )  # fmt: skip


# ---------------------------------------------------------------- writing


def put_down(unit: Unit, message_id: str, item: AcceptItem, *, month: str) -> None:
    """With the message, in its own transaction."""
    if item.attachments is AttachmentPolicy.OFF:
        return
    values: dict[str, object] = {
        "message_id": message_id, "month": month, "policy": item.attachments.value, "done": 0, "worst": "",
        "tries": 0, "since_us": unit.now_us, "done_us": None,
    }  # fmt: skip
    if item.examined is not None:
        facts = examination_facts(item.attachments, item.examined)
        values.update(done=1, worst=facts["worst"], done_us=unit.now_us)
        unit.entry(KIND, message_id, facts)
    unit.insert(examinations, values)


def put_down_refused(unit: Unit, message_id: str, items: Sequence[AcceptItem], *, month: str) -> None:
    """With the bytes as they came, of which nothing was taken."""
    if not items:
        return
    found = tuple(each for item in items for each in item.examined or ())
    facts = examination_facts(items[0].attachments, found)
    values: dict[str, object] = {
        "message_id": message_id, "month": month, "policy": items[0].attachments.value, "done": 1,
        "worst": facts["worst"], "tries": 0, "since_us": unit.now_us, "done_us": unit.now_us,
    }  # fmt: skip
    unit.entry(KIND, message_id, facts)
    unit.insert(examinations, values)


def take_many(unit: Unit, takings: Sequence[Taking]) -> list[tuple[Waiting, ...]]:
    """A run of takings."""
    return [_take(unit, each.limit) for each in takings]


def _take(unit: Unit, limit: int) -> tuple[Waiting, ...]:
    unit.flush()
    rows = unit.read(_OLDEST, {"limit": limit})
    for row in rows:
        unit.connection.execute(_TAKEN, {"b_id": row["message_id"]})
    return tuple(
        Waiting(row["message_id"], AttachmentPolicy(row["policy"]), row["tries"] + 1, from_us(row["since_us"]))
        for row in rows
    )


def record_many(unit: Unit, recordings: Sequence[Recording]) -> list[bool]:
    """A run of findings, in order."""
    return [_record(unit, each) for each in recordings]


def _record(unit: Unit, recording: Recording) -> bool:
    unit.flush()
    policy = unit.connection.execute(_POLICY, {"b_id": recording.message_id}).scalar_one_or_none()
    if policy is None:
        return False
    facts = examination_facts(AttachmentPolicy(policy), recording.found)
    done = {"b_id": recording.message_id, "b_worst": facts["worst"], "b_at": unit.now_us}
    unit.connection.execute(_DONE, done)
    unit.entry(KIND, recording.message_id, facts)
    return True


# ---------------------------------------------------------------- reading


def read_examination(connection: Connection, message_id: str) -> Examination | None:
    """In full; of a refused message what refused it."""
    row = connection.execute(_SOME, {"ids": [message_id]}).mappings().one_or_none()
    found = facts_in(connection.execute(_TEXT, {"id": message_id}).scalars())
    return in_short(row, found) if row is not None else None


def read_examinations(connection: Connection, ids: Collection[str]) -> dict[str, Examination]:
    """In short, by message."""
    rows = connection.execute(_SOME, {"ids": list(ids)}).mappings()
    return {row["message_id"]: in_short(row) for row in rows}


def in_short(row: RowMapping, found: tuple[AttachmentFact, ...] = ()) -> Examination:
    """A row, typed."""
    return Examination(
        policy=AttachmentPolicy(row["policy"]), done=bool(row["done"]),
        worst=Judgement(row["worst"]) if row["worst"] else None, since=from_us(row["since_us"]),
        at=maybe_from_us(row["done_us"]), attachments=found,
    )  # fmt: skip


class SqlExaminations:
    """See `bus.examination_port`. What it stands on is the journal's."""

    _writer: Writer

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Connection]:
        """One reading transaction."""

    def take_examinations(self, limit: int) -> Future[tuple[Waiting, ...]]:
        """See the port."""
        return self._writer.submit(take_many, Taking(limit))

    def record_examination(self, message_id: str, found: Sequence[AttachmentFact]) -> Future[bool]:
        """See the port."""
        return self._writer.submit(record_many, Recording(message_id, tuple(found)))

    def examinations_waiting(self) -> Backlog:
        """See the port."""
        query = sa.select(sa.func.count(), sa.func.min(_x.since_us)).where(IS_WAITING)
        with self._reading() as connection:
            many, oldest = connection.execute(query).one()
        return Backlog(many, maybe_from_us(oldest))
