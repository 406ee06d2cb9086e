"""Jobs that run again and again (polls above all): who may run one now, and the checkpoint it works from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bus.records.accepting import Acceptance, ItemResult, Rejection
from schemas.message import Message

_APART = timedelta(minutes=5)  # so much the clocks of two hosts may differ


class JobResult(StrEnum):
    """How the last run of a job ended."""

    NEVER = ""  # it never ran to an end
    DONE = "done"  # to the end of what there was
    MORE = "more"  # there is more: the next run follows at once
    AGAIN = "again"  # it came to nothing, and is tried again later
    REFUSED = "refused"  # the partner refuses us: paused until a person resumes it


@dataclass(frozen=True, slots=True)
class Held:
    """The right to run a job. Whoever comes later has a higher epoch; a step with an older one changes nothing."""

    name: str
    owner: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Job:
    """One job as it stands in the journal."""

    name: str
    owner: str = ""  # worker that runs it, or ran it last
    epoch: int = 0
    lease_until: datetime | None = None  # None = nobody runs it
    position: str = ""  # the checkpoint, in the job's own words; "" = from the beginning
    moves: int = 0  # how often the checkpoint was written
    due: datetime | None = None  # next run; None = as soon as may be
    wanted: bool = False  # a person asked for a run now
    started: datetime | None = None
    ended: datetime | None = None
    result: JobResult = JobResult.NEVER
    text: str = ""  # of the last run, for operators
    taken: int = 0  # messages accepted in the last run
    total: int = 0  # ever
    refused: int = 0  # items kept as rejected evidence, ever
    backlog: int | None = None  # how many the partner says are waiting there; None = it does not say
    failures: int = 0  # in a row
    paused: bool = False
    until: datetime | None = None  # a pause ends by itself
    who: str = ""  # of the newest order
    why: str = ""

    @property
    def held(self) -> Held:
        """The right its present owner has."""
        return Held(self.name, self.owner, self.epoch)

    def rests(self, now: datetime) -> bool:
        """Paused, and not over yet."""
        return self.paused and (self.until is None or self.until > now)

    def is_late(self, now: datetime, *, grace_s: float) -> bool:
        """It should have begun longer ago than the grace, and nobody is at it: no process runs jobs."""
        if self.rests(now) or (self.lease_until is not None and self.lease_until > now):
            return False
        return self.due is not None and (now - self.due).total_seconds() > grace_s

    def may_begin(self, owner: str, now: datetime) -> bool:
        """Due, not paused, and nobody else is at it."""
        due = self.wanted or self.due is None or self.due <= now or self._ended_by_another_clock(now)
        free = self.lease_until is None or self.lease_until <= now or self.owner == owner
        return due and free and not self.rests(now)

    def _ended_by_another_clock(self, now: datetime) -> bool:
        """One that was far ahead, and so was what it said of the next run."""
        return self.ended is not None and self.ended > now + _APART


@dataclass(frozen=True, slots=True)
class PageKept:
    """A page as it came, kept as evidence: what was asked, and the bytes of the answer."""

    question: Message
    answer: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Step:
    """One transaction of a running job: what was fetched is accepted, and the checkpoint moves, or neither."""

    held: Held
    until: datetime  # the lease lasts until then
    position: str | None = None  # None: the checkpoint stays
    acceptances: tuple[Acceptance, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    pages: tuple[PageKept, ...] = ()


@dataclass(frozen=True, slots=True)
class Stepped:
    """What a step did: one tuple of results for each acceptance."""

    results: tuple[tuple[ItemResult, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of one run."""

    held: Held
    due: datetime  # of the next one
    result: JobResult
    text: str
    taken: int = 0
    backlog: int | None = None


class JobAct(StrEnum):
    """What a person orders for a job."""

    PAUSE = "pause"
    RESUME = "resume"
    RUN = "run"  # now, not when it is due
    RESET = "reset"  # works from another checkpoint


@dataclass(frozen=True, slots=True)
class JobOrder:
    """One order, with its reason. PAUSE and RESET take the job from whoever runs it."""

    name: str
    act: JobAct
    who: str
    why: str
    position: str = ""  # RESET
    until: datetime | None = None  # PAUSE
