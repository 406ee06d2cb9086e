"""A worker's signs of life: every few seconds one line in the journal, whoever watches reads it there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from bus.delivery import Attempt
from bus.ports import Clock, Journal, JournalUnavailable
from bus.records import Pulse
from bus.watch.meters import Meters

_PATIENCE_S = 3.0


@dataclass(slots=True)
class Pulsing:
    """One per worker. `turned` and `settled` are cheap: the worker calls them all the time, from any thread."""

    worker: str
    journal: Journal
    clock: Clock
    meters: Meters = field(default_factory=Meters)
    in_hand: Callable[[], int] = lambda: 0
    every_s: float = 5.0
    _turned_at: datetime | None = None
    _moved_at: datetime | None = None
    _settled: int = 0

    def turned(self) -> None:
        """The worker's loop goes round."""
        self._turned_at = self.clock.now()

    def settled(self, endpoint: str, attempt: Attempt | None) -> None:
        """Something was settled: that is progress."""
        self._settled += 1  # a lost count between two threads is still a change
        self._moved_at = self.clock.now()
        self.meters.attempted(endpoint, attempt)

    def say(self) -> None:
        """One sign. A journal that is away is no fault of the worker: nothing is said then."""
        now = self.clock.now()
        said = Pulse(
            self.worker, now, self._turned_at or now, self._moved_at, self._settled, self.in_hand(),
            self.meters.numbers(),
        )  # fmt: skip
        try:
            self.journal.pulse(said).result(_PATIENCE_S)
        except (JournalUnavailable, TimeoutError):
            return
