"""The journal's port for jobs and outboxes, on SQL. `SqlJournal` brings the writer and the reading connections."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from datetime import datetime

from sqlalchemy import Connection

from bus.journal.jobs import Beginning, PackedStep, begin_jobs, end_jobs, order_jobs, read_jobs, step_jobs
from bus.journal.outbox import Speech, hear_many
from bus.journal.vault import Vault
from bus.journal.writer import Writer
from bus.records.jobs import Ending, Job, JobOrder, Step, Stepped
from bus.records.outbox import Heard, Spoken


class SqlJobs:
    """See `bus.job_port`. Bodies are packed in the caller's thread."""

    _writer: Writer
    _vault: Vault

    def _reading(self) -> AbstractContextManager[Connection]:
        raise AttributeError("_reading")  # the journal's own

    def begin_job(self, name: str, owner: str, *, now: datetime, until: datetime) -> Future[Job | None]:
        """See the port."""
        return self._writer.submit(begin_jobs, Beginning(name, owner, now, until))

    def step_job(self, step: Step) -> Future[Stepped]:
        """See the port."""
        return self._writer.submit(step_jobs, PackedStep.of(step, self._vault))

    def end_job(self, ending: Ending) -> Future[bool]:
        """See the port."""
        return self._writer.submit(end_jobs, ending)

    def order_job(self, order: JobOrder) -> Future[Job]:
        """See the port."""
        return self._writer.submit(order_jobs, order)

    def hear(self, endpoint: str, spoken: Sequence[Spoken], *, party: str, now: datetime) -> Future[Heard]:
        """See the port."""
        return self._writer.submit(hear_many, Speech(endpoint, tuple(spoken), party, now))

    def jobs(self) -> tuple[Job, ...]:
        """See the port."""
        with self._reading() as connection:
            return read_jobs(connection)
