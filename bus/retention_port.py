"""The part of the journal's port that says how long bodies are kept."""

from __future__ import annotations

from concurrent.futures import Future
from datetime import datetime
from typing import Protocol

from bus.records.retaining import Candidate, Erased, Erasure, Hold, HoldOrder, KeptSum


class RetentionBook(Protocol):
    """Bodies go; digests, entries, seals and everything else stay."""

    def candidates(self, *, after: str, before: datetime, limit: int) -> tuple[Candidate, ...]:
        """Messages behind id `after` that came before then and still have bodies, by id."""

    def erase(self, erasure: Erasure) -> Future[Erased]:
        """Erases the bodies of what was chosen, where nothing stands in the way now, and says so in the chain and
        among the message's actions as "erase". Fails with LeaseLost, and does nothing, if somebody else has the job.
        """

    def order_hold(self, order: HoldOrder) -> Future[bool]:
        """Sets or takes away a mark, recorded. False: it was so already. Unknown message: LookupError."""

    def holds(self) -> tuple[Hold, ...]:
        """All marks, the oldest first."""

    def kept_sums(self) -> tuple[KeptSum, ...]:
        """Bodies by kind, kept and erased. Looks at every body."""

    def count_before(self, before: datetime) -> int:
        """Messages that came before then: for a progress bar."""

    def scour(self) -> bool:
        """Takes what was erased out of the store's own logs too. False: not now, somebody still reads, or the server
        does it by itself later."""
