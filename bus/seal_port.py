"""The part of the journal's port that sealing and evidence use."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Protocol

from bus.records.sealing import ChainEntry, Seal, Span, Unsealed


class SealBook(Protocol):
    """Which entries are sealed, by what."""

    def unsealed(self, limit: int) -> Unsealed:
        """At most `limit` entries that no seal covers, as spans that follow the last sealed entry of each writer; how
        many wait and since when is said of all of them, also with a limit of 0."""

    def seal(self, seal: Seal) -> Future[bool]:
        """Keeps a seal. False, and nothing is kept, if its number is not the next one, it does not name the seal
        before it, or a span does not follow what is sealed already: somebody else was quicker."""

    def seal_over(self, writer: str, number: int) -> Seal | None:
        """The seal that covers an entry; None = none yet."""

    def last_seal(self) -> Seal | None:
        """The newest; None = nothing was sealed yet."""

    def seal_numbered(self, number: int) -> Seal | None:
        """The one of this number; None = there is none."""

    def hashes(self, spans: Sequence[Span]) -> tuple[str, ...]:
        """Of the entries of these spans, in order. Fewer than asked if entries are missing."""

    def entries_of(self, subjects: Sequence[str]) -> tuple[ChainEntry, ...]:
        """All entries about these messages and deliveries, by writer and number."""
