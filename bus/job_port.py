"""The part of the journal's port that jobs use: a lease, a checkpoint, and the fence that holds both together."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Protocol

from bus.records.jobs import Ending, Job, JobOrder, Step, Stepped
from bus.records.outbox import Heard, Spoken


class LeaseLost(Exception):
    """Somebody else has the job now, or a person took it away: nothing of the step was written."""


class Outbox(Protocol):
    """Items that a partner fetches, spoken of one by one."""

    def hear(self, endpoint: str, spoken: Sequence[Spoken], *, party: str, now: datetime) -> Future[Heard]:
        """Does what a partner says of items handed out to it: it has one, gives one back, needs longer. One fate for
        each, in order; an id that is not this endpoint's is unknown. `Heard.feed` is to be told to the queue."""


class Jobs(Protocol):
    """Jobs that run again and again, each by one owner at a time. Leases are in the journal, not in the queue: when
    the queue is emptied nobody's lease is lost, and no two owners believe they have one.
    """

    def begin_job(self, name: str, owner: str, *, now: datetime, until: datetime) -> Future[Job | None]:
        """Gives the job to who asks, under a new epoch, if it is due, not paused, and nobody else is at it. A job
        nobody has heard of begins to be known by this. None = not now."""

    def step_job(self, step: Step) -> Future[Stepped]:
        """Accepts and rejects what was fetched, moves the checkpoint and prolongs the lease, in one transaction.
        Fails with LeaseLost, and writes nothing, if the epoch is not that of the holder any more."""

    def end_job(self, ending: Ending) -> Future[bool]:
        """Ends a run and frees the job. False: somebody else has it already, nothing was changed."""

    def order_job(self, order: JobOrder) -> Future[Job]:
        """Records what a person orders for a job, and does it. Pausing and resetting end the present lease."""

    def jobs(self) -> tuple[Job, ...]:
        """Every job that was ever begun or ordered, by name."""
