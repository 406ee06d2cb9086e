"""One turn at a job, and what a job says at its end: what the scheduler and its jobs have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from bus.ports import Clock, Journal
from bus.records import Acceptance, Rejection
from bus.records.jobs import Held, JobResult, PageKept, Step, Stepped

_WAIT_S = 30.0  # for a commit
_MOST_S = 900.0  # longest pause after failures, where the usual one is not longer


@dataclass(frozen=True, slots=True)
class Finished:
    """How a run ended."""

    result: JobResult
    text: str = ""  # Vietnamese, for operators
    taken: int = 0
    backlog: int | None = None
    pause_s: float | None = None  # asked for by the partner


@dataclass(slots=True)
class Turn:
    """The right to run one job, for one run. Used by one thread.

    Every method raises LeaseLost when somebody else has the job, and JournalUnavailable when the journal is away.
    """

    held: Held
    position: str  # the checkpoint it begins from
    journal: Journal
    clock: Clock
    lease_s: float
    stopping: Callable[[], bool]
    _kept: float = field(init=False)

    def __post_init__(self) -> None:
        self._kept = self.clock.monotonic()

    def step(
        self, *, position: str | None = None, acceptances: tuple[Acceptance, ...] = (),
        rejections: tuple[Rejection, ...] = (), pages: tuple[PageKept, ...] = (),
    ) -> Stepped:  # fmt: skip
        """One transaction: what was fetched and the checkpoint, if it moves. The lease begins anew."""
        until = self.clock.now() + timedelta(seconds=self.lease_s)
        step = Step(self.held, until, position, acceptances, rejections, pages)
        done = self.journal.step_job(step).result(_WAIT_S)
        self._kept = self.clock.monotonic()
        return done

    def keep(self) -> None:
        """Prolongs the lease when a third of it is gone. To be called before anything that may take long."""
        if self.clock.monotonic() - self._kept > self.lease_s / 3:
            self.step()


def pause_after(failures: int, every_s: float, *, chance: float) -> float:
    """Longer after each failure in a row, never shorter than the usual pause; a little of chance, so that many
    polls of one partner do not come back together."""
    longest = max(every_s, min(_MOST_S, every_s * float(2 ** min(failures, 12))))
    return every_s + (longest - every_s) * (0.5 + chance / 2)


class Job(Protocol):
    """Something that runs again and again."""

    @property
    def name(self) -> str:
        """As operators know it."""

    @property
    def endpoint(self) -> str:
        """Whose pause and breaker it heeds; "" = nobody's."""

    @property
    def every_s(self) -> float:
        """Pause between two runs."""

    def run(self, turn: Turn) -> Finished:
        """One run. Everything it changes goes through the turn."""
