"""The part of the journal's port that keeping deadlines uses: since when they count, and who has waited long."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Protocol

from bus.records import Aged


class DeadlineBook(Protocol):
    """Since when deliveries could be sent."""

    def unbegun(self, endpoint: str, *, after: str, limit: int) -> tuple[tuple[str, ...], str]:
        """Of the next `limit` push deliveries of an endpoint, by id, whose deadline does not count yet: those that are
        heads and due. And where to go on; "" = from the beginning."""

    def begin(self, delivery_ids: Sequence[str]) -> Future[int]:
        """Their deadlines count from now, where they did not yet. Returns how many."""

    def aged(self, endpoint: str, *, since: datetime, after: str, limit: int) -> tuple[tuple[Aged, ...], str]:
        """Of the next `limit` push deliveries of an endpoint, by id, that could be sent since then or longer and are
        not parked: the heads. And where to go on; "" = from the beginning. Who is past its deadline is settled
        without an attempt; that changes nothing if it was released or tried meanwhile."""
