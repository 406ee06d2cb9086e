"""The part of the journal's port by which doors know what they have seen."""

from __future__ import annotations

from concurrent.futures import Future
from datetime import datetime
from typing import Protocol

from bus.records.seeing import Seen, Sight


class SeenBook(Protocol):
    """Marks of signed messages, each kept at least until its time is over, for all doors of one journal."""

    def see(self, seen: Seen) -> Future[Sight]:
        """Keeps a mark that is new. Of two that come together one is the first."""

    def answer_seen(self, mark: str, answer: str) -> Future[None]:
        """Keeps what the message of a mark was answered; the first answer stays."""

    def forget_seen(self, *, before: datetime) -> Future[int]:
        """Drops the marks whose time was over by then. Returns how many."""
