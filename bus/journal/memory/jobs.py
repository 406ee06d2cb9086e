"""Jobs in memory: the same rules over a dictionary."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from bus.job_port import LeaseLost
from bus.journal.bodies import RAW
from bus.journal.jobs import counted, order_facts, step_facts
from bus.journal.memory.door import accept
from bus.journal.memory.outbox import hear
from bus.journal.memory.store import Store
from bus.journal.moments import from_us
from bus.journal.outbox import Speech
from bus.journal.reject import ANSWER
from bus.records.jobs import Ending, Held, Job, JobAct, JobOrder, JobResult, Step, Stepped
from bus.records.outbox import Heard, Spoken

T = TypeVar("T")


class MemoryJobs:
    """See `bus.job_port`. `MemoryJournal` brings the store and its lock."""

    _store: Store

    def _do(self, job: Callable[[], T]) -> Future[T]:
        raise AttributeError("_do")  # the journal's own

    def begin_job(self, name: str, owner: str, *, now: datetime, until: datetime) -> Future[Job | None]:
        """See the port."""
        return self._do(lambda: begin(self._store, name, owner, now=now, until=until))

    def step_job(self, step: Step) -> Future[Stepped]:
        """See the port."""
        return self._do(lambda: take_step(self._store, step))

    def end_job(self, ending: Ending) -> Future[bool]:
        """See the port."""
        return self._do(lambda: end(self._store, ending))

    def order_job(self, order: JobOrder) -> Future[Job]:
        """See the port."""
        return self._do(lambda: obey(self._store, order))

    def hear(self, endpoint: str, spoken: Sequence[Spoken], *, party: str, now: datetime) -> Future[Heard]:
        """See the port."""
        return self._do(lambda: hear(self._store, Speech(endpoint, tuple(spoken), party, now)))

    def jobs(self) -> tuple[Job, ...]:
        """See the port."""
        return tuple(job for _, job in sorted(self._store.jobs.items()))


def begin(store: Store, name: str, owner: str, *, now: datetime, until: datetime) -> Job | None:
    """See the port."""
    job = store.jobs.setdefault(name, Job(name))
    if not job.may_begin(owner, now):
        return None
    job = replace(job, owner=owner, epoch=job.epoch + 1, lease_until=until, started=now, wanted=False)
    store.jobs[name] = job
    return job


def take_step(store: Store, given: Step) -> Stepped:
    """See the port."""
    job = _held(store, given.held)
    if job is None:
        raise LeaseLost(given.held.name)
    for page in given.pages:
        kept = store.keep(page.question, verdict="asked", party=page.question.envelope.sender.system, role=RAW)
        kept.bodies[ANSWER] = store.made(page.answer, page.media_type)
        store.note("ask", page.question.envelope.id, {"sha256": page.question.envelope.sha256})
    results = [accept(store, one) for one in given.acceptances]
    for one in given.rejections:
        store.keep(one.raw, verdict="rejected", party=one.party, role=RAW, problems=one.problems)
        store.note("reject", one.raw.envelope.id, {"sha256": one.raw.envelope.sha256})
    taken, refused = counted(results)
    refused += len(given.rejections)
    if taken or refused:
        store.note("poll", job.name, step_facts(given, taken, refused))
    moved = {"position": given.position, "moves": job.moves + 1} if given.position is not None else {}
    store.jobs[job.name] = replace(
        job, lease_until=given.until, total=job.total + taken, refused=job.refused + refused,
        **moved,  # type: ignore[arg-type]  # names of its fields
    )  # fmt: skip
    return Stepped(tuple(results))


def end(store: Store, ending: Ending) -> bool:
    """See the port."""
    job = _held(store, ending.held)
    if job is None:
        return False
    failed = ending.result in (JobResult.AGAIN, JobResult.REFUSED)
    job = replace(
        job, lease_until=None, due=ending.due, ended=from_us(store.now_us), result=ending.result, text=ending.text,
        taken=ending.taken, backlog=ending.backlog, failures=job.failures + 1 if failed else 0,
    )  # fmt: skip
    if ending.result is JobResult.REFUSED:
        job = replace(job, paused=True, until=None, who="lienthong", why=ending.text)
    store.jobs[job.name] = job
    return True


def obey(store: Store, given: JobOrder) -> Job:
    """See the port."""
    job = replace(store.jobs.get(given.name, Job(given.name)), who=given.who, why=given.why)
    if given.act is JobAct.RUN:
        job = replace(job, wanted=True)
    elif given.act is JobAct.RESUME:
        job = replace(job, paused=False, until=None, failures=0, due=None)
    else:
        job = replace(job, epoch=job.epoch + 1, lease_until=None)
        if given.act is JobAct.PAUSE:
            job = replace(job, paused=True, until=given.until)
        else:
            job = replace(job, position=given.position, moves=job.moves + 1, due=None, failures=0)
    store.jobs[given.name] = job
    store.note("job", given.name, order_facts(given))
    return job


def free_jobs(store: Store, worker: str) -> None:
    """What a dead worker was at."""
    for job in list(store.jobs.values()):
        if job.owner == worker and job.lease_until is not None:
            store.jobs[job.name] = replace(job, lease_until=None)


def _held(store: Store, held: Held) -> Job | None:
    job = store.jobs.get(held.name)
    return job if job is not None and job.held == held else None
