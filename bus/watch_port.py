"""The part of the journal's port that the watch uses: cheap looks, and the workers' signs of life."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Protocol

from bus.delivery import State
from bus.records import Lingering, Pulse, Survey
from schemas.message import Envelope


class Watchable(Protocol):
    """See the journal."""

    def pulse(self, pulse: Pulse) -> Future[None]:
        """Keeps a worker's newest sign of life. What a worker of more than an hour ago counted is added to a sum."""

    def pulses(self) -> tuple[Pulse, ...]:
        """The newest sign of each worker, and under the name "" the sum of those long gone."""

    def survey(self, endpoints: Sequence[str]) -> Survey:
        """One cheap look: sums, and what has been due longest at each of these endpoints."""

    def lingering(self, state: State, *, before: datetime, limit: int) -> tuple[Lingering, ...]:
        """Deliveries in this derived state since before a moment, the oldest messages first. Of very many the oldest
        two thousand are looked at."""

    def undelivered(self, *, before: datetime, limit: int) -> tuple[Envelope, ...]:
        """Messages accepted before a moment that have no delivery at all, of the newest thousands."""

    def meter_commits(self, on_commit: Callable[[float], None]) -> None:
        """From now on it is told how long each commit took, in seconds, in the writer's thread."""
