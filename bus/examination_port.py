"""The part of the journal's port that keeps what was found of signatures inside attachments."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Protocol

from bus.records.examining import AttachmentFact, Backlog, Waiting


class ExaminationBook(Protocol):
    """An accepted message that says so (`AcceptItem.attachments`) waits here from its own commit on."""

    def take_examinations(self, limit: int) -> Future[tuple[Waiting, ...]]:
        """The oldest that wait. Each taking is counted with the message, in a commit of its own: one that brings
        its examiner down is known by that. Whoever calls sees to it that nobody else does."""

    def record_examination(self, message_id: str, found: Sequence[AttachmentFact]) -> Future[bool]:
        """Keeps what was found, as an entry of the chain. False, and nothing is kept: it does not wait any more."""

    def examinations_waiting(self) -> Backlog:
        """How many wait, and since when."""
