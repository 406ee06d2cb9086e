"""Jobs: leases, checkpoints and orders. Every change is conditional on the epoch: of two owners only one counts.

A step accepts what was fetched and moves the checkpoint in one transaction: killed anywhere, either both are there or
neither is, and what is fetched again is known by its keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from bus.job_port import LeaseLost
from bus.journal.accept import Parcel, accept_many
from bus.journal.bodies import RAW, pack_message
from bus.journal.burden import Burden, Touch, touched_by
from bus.journal.job_table import jobs
from bus.journal.moments import maybe_from_us, maybe_us, to_us
from bus.journal.reject import Asked, Refusal, ask_many, asked_of, reject_many
from bus.journal.unit import Unit
from bus.journal.vault import OPEN, Vault
from bus.records import ItemResult, ItemStatus
from bus.records.jobs import Ending, Held, Job, JobAct, JobOrder, JobResult, Step, Stepped
from schemas.message import sha256_hex

_j = jobs.c
_ONE = sa.select(jobs).where(_j.name == sa.bindparam("name"))
_ALL = sa.select(jobs).order_by(_j.name)


@dataclass(frozen=True, slots=True)
class Beginning:
    """Somebody would like to run a job."""

    name: str
    owner: str
    now: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class PackedStep:
    """A step with its bodies packed, outside the writer thread."""

    step: Step
    parcels: tuple[Parcel, ...]
    refusals: tuple[Refusal, ...]
    asked: tuple[Asked, ...]

    @classmethod
    def of(cls, step: Step, vault: Vault = OPEN) -> PackedStep:
        """Packs the bodies."""
        return cls(
            step,
            tuple(Parcel.of(one, vault) for one in step.acceptances),
            tuple(Refusal(one, pack_message(one.raw, RAW, vault)) for one in step.rejections),
            tuple(
                asked_of(one.question, one.answer, one.media_type, one.question.envelope.sender.system, vault)
                for one in step.pages
            ),
        )

    def size_bytes(self) -> int:
        """Of its bodies as they are kept."""
        parts: tuple[Burden, ...] = (*self.parcels, *self.refusals, *self.asked)
        return sum(part.size_bytes() for part in parts)

    def touch(self) -> Touch:
        """The dossiers it speaks of."""
        return touched_by(self.step.acceptances)


def begin_jobs(unit: Unit, many: Sequence[Beginning]) -> list[Job | None]:
    """Gives each job to who asks, if it is due and free; None = it is not."""
    return [_begin(unit, one) for one in many]


def _begin(unit: Unit, asked: Beginning) -> Job | None:
    job = read_job(unit.connection, asked.name)
    if job is None:
        unit.connection.execute(sa.insert(jobs), job_values(Job(asked.name)))
        job = Job(asked.name)
    if not job.may_begin(asked.owner, asked.now):
        return None
    values = {
        "owner": asked.owner, "epoch": job.epoch + 1, "lease_us": to_us(asked.until), "started_us": to_us(asked.now),
        "wanted": 0,
    }  # fmt: skip
    if not _change(unit, Held(job.name, job.owner, job.epoch), values):
        return None  # another one was quicker
    return read_job(unit.connection, asked.name)


def step_jobs(unit: Unit, many: Sequence[PackedStep]) -> list[Stepped]:
    """A run of steps, in order.

    Raises:
        LeaseLost: somebody else has the job now; nothing was written.
    """
    return [_step(unit, one) for one in many]


def _step(unit: Unit, packed: PackedStep) -> Stepped:
    step = packed.step
    keep_lease(unit, step.held, until=step.until, position=step.position)
    ask_many(unit, packed.asked)
    results = accept_many(unit, packed.parcels) if packed.parcels else []
    reject_many(unit, packed.refusals)
    taken, refused = counted(results)
    if taken or refused or packed.refusals:
        more = {"total": _j.total + taken, "refused": _j.refused + refused + len(packed.refusals)}
        _change(unit, step.held, more)
        unit.entry("poll", step.held.name, step_facts(step, taken, refused + len(packed.refusals)))
    return Stepped(tuple(results))


def keep_lease(unit: Unit, held: Held, *, until: datetime, position: str | None) -> None:
    """The lease begins anew, and the checkpoint moves if there is one.

    Raises:
        LeaseLost: somebody else has the job now.
    """
    values: dict[str, object] = {"lease_us": to_us(until)}
    if position is not None:
        values |= {"position": position, "moves": _j.moves + 1}
    if not _change(unit, held, values):
        raise LeaseLost(held.name)


def counted(results: Sequence[tuple[ItemResult, ...]]) -> tuple[int, int]:
    """Items that are new, and items that were refused."""
    statuses = [result.status for part in results for result in part]
    new = statuses.count(ItemStatus.ACCEPTED)
    return new, len(statuses) - new - statuses.count(ItemStatus.DUPLICATE)


def step_facts(step: Step, taken: int, refused: int) -> dict[str, object]:
    """As it stands in the chain: of the checkpoint only its digest, for it may be long."""
    return {
        "owner": step.held.owner, "epoch": step.held.epoch, "taken": taken, "refused": refused,
        "position_sha256": sha256_hex((step.position or "").encode()),
    }  # fmt: skip


def end_jobs(unit: Unit, many: Sequence[Ending]) -> list[bool]:
    """Each job is free again. False: somebody else has it already."""
    return [_change(unit, ending.held, ending_values(ending, now_us=unit.now_us)) for ending in many]


def ending_values(ending: Ending, *, now_us: int) -> dict[str, object]:
    """What an ending changes."""
    failed = ending.result in (JobResult.AGAIN, JobResult.REFUSED)
    values: dict[str, object] = {
        "lease_us": None, "due_us": to_us(ending.due), "ended_us": now_us, "result": ending.result.value,
        "text": ending.text, "taken": ending.taken, "backlog": ending.backlog,
        "failures": _j.failures + 1 if failed else 0,
    }  # fmt: skip
    if ending.result is JobResult.REFUSED:  # a person must act first: to knock again would only lock the account
        values |= {"paused": 1, "until_us": None, "who": "lienthong", "why": ending.text}
    return values


def order_jobs(unit: Unit, orders: Sequence[JobOrder]) -> list[Job]:
    """Records a run of orders, in order, and carries them out."""
    return [_order(unit, one) for one in orders]


def _order(unit: Unit, order: JobOrder) -> Job:
    if read_job(unit.connection, order.name) is None:
        unit.connection.execute(sa.insert(jobs), job_values(Job(order.name)))
    values: dict[str, object] = {"who": order.who, "why": order.why}
    if order.act is JobAct.RUN:
        values["wanted"] = 1
    elif order.act is JobAct.RESUME:
        values |= {"paused": 0, "until_us": None, "failures": 0, "due_us": None}
    else:  # whoever is at it loses it
        values |= {"epoch": _j.epoch + 1, "lease_us": None}
        if order.act is JobAct.PAUSE:
            values |= {"paused": 1, "until_us": maybe_us(order.until)}
        else:
            values |= {"position": order.position, "moves": _j.moves + 1, "due_us": None, "failures": 0}
    unit.connection.execute(sa.update(jobs).where(_j.name == order.name).values(values))
    unit.entry("job", order.name, order_facts(order))
    job = read_job(unit.connection, order.name)
    assert job is not None
    return job


def order_facts(order: JobOrder) -> dict[str, object]:
    """As they stand in the chain."""
    return {
        "act": order.act.value, "who": order.who, "why": order.why, "position": order.position,
        "until_us": maybe_us(order.until),
    }  # fmt: skip


def free_jobs(unit: Unit, worker: str) -> None:
    """What a dead worker was at is free for the others at once."""
    free = sa.update(jobs).where(_j.owner == worker, _j.lease_us.is_not(None))
    unit.connection.execute(free.values(lease_us=None))


def read_jobs(connection: Connection) -> tuple[Job, ...]:
    """All of them, by name."""
    return tuple(_job(row) for row in connection.execute(_ALL).mappings())


def read_job(connection: Connection, name: str) -> Job | None:
    """One of them."""
    row = connection.execute(_ONE, {"name": name}).mappings().one_or_none()
    return None if row is None else _job(row)


def _change(unit: Unit, held: Held, values: Mapping[str, object]) -> bool:
    """Only where nobody came later. On a server this also waits for whoever is at the row, and looks again."""
    own = sa.update(jobs).where(_j.name == held.name, _j.epoch == held.epoch, _j.owner == held.owner)
    return bool(unit.connection.execute(own.values(values)).rowcount)


def job_values(job: Job) -> dict[str, object]:
    """A job as a row."""
    return {
        "name": job.name, "owner": job.owner, "epoch": job.epoch, "lease_us": maybe_us(job.lease_until),
        "position": job.position, "moves": job.moves, "due_us": maybe_us(job.due), "wanted": int(job.wanted),
        "started_us": maybe_us(job.started), "ended_us": maybe_us(job.ended), "result": job.result.value,
        "text": job.text, "taken": job.taken, "total": job.total, "refused": job.refused, "backlog": job.backlog,
        "failures": job.failures, "paused": int(job.paused), "until_us": maybe_us(job.until), "who": job.who,
        "why": job.why,
    }  # fmt: skip


def _job(row: RowMapping) -> Job:
    return Job(
        name=row["name"], owner=row["owner"], epoch=row["epoch"], lease_until=maybe_from_us(row["lease_us"]),
        position=row["position"], moves=row["moves"], due=maybe_from_us(row["due_us"]), wanted=bool(row["wanted"]),
        started=maybe_from_us(row["started_us"]), ended=maybe_from_us(row["ended_us"]),
        result=JobResult(row["result"]), text=row["text"], taken=row["taken"], total=row["total"],
        refused=row["refused"], backlog=row["backlog"], failures=row["failures"], paused=bool(row["paused"]),
        until=maybe_from_us(row["until_us"]), who=row["who"], why=row["why"],
    )  # fmt: skip
