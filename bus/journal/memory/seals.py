"""Seals in memory: the same rules over a list."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import RLock
from typing import TypeVar

from bus.journal.chain import Entry
from bus.journal.memory.store import Store
from bus.journal.moments import from_us
from bus.records.sealing import FIRST, ChainEntry, Seal, Span, Unsealed

T = TypeVar("T")


class MemorySeals:
    """Mixed into the in-memory journal, which has one writer."""

    _store: Store
    _lock: RLock

    @abstractmethod
    def _do(self, job: Callable[[], T]) -> Future[T]:
        """Under the lock."""

    def unsealed(self, limit: int) -> Unsealed:
        """See the port."""
        with self._lock:
            waiting = self._store.entries[self._sealed() :]
            found = waiting[:limit]
        if not waiting:
            return Unsealed((), (), 0, None)
        oldest = from_us(waiting[0].at_us)
        if not found:
            return Unsealed((), (), len(waiting), oldest)
        span = Span(found[0].writer, found[0].number, found[-1].number)
        return Unsealed((span,), tuple(each.hash for each in found), len(waiting), oldest)

    def seal(self, seal: Seal) -> Future[bool]:
        """See the port."""

        def keep() -> bool:
            follows = [span.first for span in seal.spans] == [self._sealed() + 1]
            previous = self._store.seals[-1].sha256 if self._store.seals else FIRST
            if seal.number != len(self._store.seals) + 1 or seal.previous != previous or not follows:
                return False
            self._store.seals.append(seal)
            return True

        return self._do(keep)

    def seal_over(self, writer: str, number: int) -> Seal | None:
        """See the port."""
        with self._lock:
            for seal in self._store.seals:
                if any(span.writer == writer and span.first <= number <= span.last for span in seal.spans):
                    return seal
        return None

    def last_seal(self) -> Seal | None:
        """See the port."""
        with self._lock:
            return self._store.seals[-1] if self._store.seals else None

    def seal_numbered(self, number: int) -> Seal | None:
        """See the port."""
        with self._lock:
            return next((seal for seal in self._store.seals if seal.number == number), None)

    def hashes(self, spans: Sequence[Span]) -> tuple[str, ...]:
        """See the port."""
        with self._lock:
            return tuple(
                entry.hash
                for span in spans
                for entry in self._store.entries
                if entry.writer == span.writer and span.first <= entry.number <= span.last
            )

    def entries_of(self, subjects: Sequence[str]) -> tuple[ChainEntry, ...]:
        """See the port."""
        with self._lock:
            return tuple(_shown(entry) for entry in self._store.entries if entry.subject in set(subjects))

    def _sealed(self) -> int:
        return self._store.seals[-1].spans[-1].last if self._store.seals else 0


def _shown(entry: Entry) -> ChainEntry:
    return ChainEntry(
        entry.writer, entry.number, entry.kind, entry.subject, from_us(entry.at_us), entry.text, entry.previous,
        entry.hash,
    )  # fmt: skip
