"""Drops the marks of signed messages whose time is over: what comes again after that is too old to be taken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bus.records.jobs import JobResult
from bus.turn import Finished, Turn

_MORE = timedelta(minutes=5)  # kept longer than needed: clocks of several hosts differ
_WAIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Forgetting:
    """The job."""

    every_s: float = 300.0

    @property
    def name(self) -> str:
        """As operators know it."""
        return "dau_da_thay"

    @property
    def endpoint(self) -> str:
        """Nobody's."""
        return ""

    def run(self, turn: Turn) -> Finished:
        """One sweep."""
        count = turn.journal.forget_seen(before=turn.clock.now() - _MORE).result(_WAIT_S)
        return Finished(JobResult.DONE, f"Đã bỏ {count} dấu hết hạn", count, 0)
