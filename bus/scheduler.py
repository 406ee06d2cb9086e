"""Runs jobs again and again, each in one process at a time, whichever holds its lease in the journal.

The journal alone decides who runs what: an emptied queue takes nobody's lease away. A process that dies is followed
when its lease runs out, at once where it is known to be dead; one that was frozen finds its epoch gone.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from bus.job_port import LeaseLost
from bus.ports import Clock, Journal, JournalUnavailable, Queue, QueueUnavailable
from bus.records.jobs import Ending, JobResult
from bus.records.jobs import Job as Kept
from bus.turn import Finished, Job, Turn, pause_after
from schemas.problem import Stage, problem

log = logging.getLogger("lienthong.scheduler")

_LOOK_S = 1.0
_WAIT_S = 30.0  # for a commit
_FIRST_S = 5.0  # so much at most between the first runs of many jobs
_AT_ONCE = 8  # runs in one process; partners that do not answer hold one each, for one deadline


@dataclass(frozen=True, slots=True)
class Post:
    """Where a scheduler stands."""

    owner: str  # worker's name
    journal: Journal
    queue: Queue
    clock: Clock
    lease_s: float
    chance: Callable[[], float]


class Scheduler:
    """One per worker process. `start` returns at once; `stop` waits for the runs under way to reach a good place."""

    def __init__(self, jobs: Sequence[Job], post: Post) -> None:
        self._jobs = {job.name: job for job in jobs}
        self._post = post
        self._ended = threading.Event()
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="job")
        self._running: set[str] = set()
        self._guard = threading.Lock()
        began = post.clock.monotonic()
        self._not_before = {
            name: began + post.chance() * min(_FIRST_S, job.every_s) for name, job in self._jobs.items()
        }
        self._thread = threading.Thread(target=self._run, name="scheduler", daemon=True)

    def start(self) -> None:
        """Begins to look for due jobs."""
        if self._jobs:
            self._thread.start()

    def stop(self) -> None:
        """Begins nothing new. Runs under way end after the page they are at."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _run(self) -> None:
        while not self._ended.wait(_LOOK_S * (0.7 + 0.6 * self._post.chance())):
            try:
                self.look()
            except (JournalUnavailable, TimeoutError) as away:
                log.warning("scheduler waits for the journal: %s", away)
            except Exception:
                log.exception("scheduler broke, goes on")

    def look(self) -> tuple[Future[None], ...]:
        """Begins what is due and free. Returns the runs begun."""
        now, post = self._post.clock.now(), self._post
        kept = {job.name: job for job in post.journal.jobs()}
        due = [job for name, job in self._jobs.items() if self._may_begin(kept.get(name, Kept(name)), now)]
        if not due:
            return ()
        resting = self._resting(now)
        begun: list[Future[None]] = []
        for job in due:
            if job.endpoint in resting:
                continue
            with self._guard:
                if len(self._running) >= _AT_ONCE:
                    break
                self._running.add(job.name)
            begun.append(self._pool.submit(self._try, job))
        return tuple(begun)

    def _may_begin(self, kept: Kept, now: datetime) -> bool:
        if kept.name in self._running or not kept.may_begin(self._post.owner, now):
            return False
        return kept.wanted or self._post.clock.monotonic() >= self._not_before[kept.name]

    def _resting(self, now: datetime) -> Mapping[str, str]:
        """Endpoints that are let alone, and why: paused by a person, or their breaker is open."""
        resting = {
            order.endpoint: "paused"
            for order in self._post.journal.standing().orders
            if order.paused and (order.until is None or order.until > now)
        }
        with contextlib.suppress(QueueUnavailable):  # then nobody knows of breakers; we look for ourselves
            resting |= {view.endpoint: "open" for view in self._post.queue.endpoints() if view.state == "open"}
        return resting

    def _try(self, job: Job) -> None:
        try:
            self._turn(job)
        except LeaseLost:
            log.warning("job taken over by another, or taken away job=%s", job.name)
        except (JournalUnavailable, TimeoutError) as away:
            log.warning("job waits for the journal job=%s: %s", job.name, away)
        except Exception:
            log.exception("job broke job=%s", job.name)
        finally:
            with self._guard:
                self._running.discard(job.name)

    def _turn(self, job: Job) -> None:
        post, now = self._post, self._post.clock.now()
        until = now + timedelta(seconds=post.lease_s)
        kept = post.journal.begin_job(job.name, post.owner, now=now, until=until).result(_WAIT_S)
        if kept is None:
            return
        turn = Turn(kept.held, kept.position, post.journal, post.clock, post.lease_s, self._ended.is_set)
        try:
            finished = job.run(turn)
        except (LeaseLost, JournalUnavailable, TimeoutError):
            raise  # the lease ends by itself
        except Exception as error:
            log.exception("job broke job=%s", job.name)
            cause = problem("LT-JOB-001", Stage.ACCEPT, {"job": job.name, "reason": type(error).__name__})
            finished = Finished(JobResult.AGAIN, f"{cause.code}: {cause.text_vi}")
        self._end(job, kept, finished)

    def _end(self, job: Job, kept: Kept, finished: Finished) -> None:
        post, chance = self._post, self._post.chance()
        failed = finished.result is JobResult.AGAIN
        pause_s = pause_after(kept.failures + 1, job.every_s, chance=chance) if failed else job.every_s
        if finished.pause_s is not None:
            pause_s = max(pause_s, finished.pause_s)
        due = post.clock.now() + timedelta(seconds=0 if finished.result is JobResult.MORE else pause_s)
        ending = Ending(kept.held, due, finished.result, finished.text, finished.taken, finished.backlog)
        ended = post.journal.end_job(ending).result(_WAIT_S)
        log.log(
            _loudness(finished) if ended else logging.WARNING,
            "job job=%s result=%s taken=%d backlog=%s ended=%s: %s",
            job.name, finished.result.value, finished.taken, finished.backlog, ended, finished.text,
        )  # fmt: skip


def _loudness(finished: Finished) -> int:
    """A job that looked and found nothing to do says so to nobody who has not asked."""
    if finished.result in (JobResult.AGAIN, JobResult.REFUSED):
        return logging.WARNING
    return logging.INFO if finished.taken or finished.backlog else logging.DEBUG
