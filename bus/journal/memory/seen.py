"""Marks of signed messages in memory."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from typing import TypeVar

from bus.journal.memory.store import Store
from bus.records.seeing import Fate, Seen, Sight

T = TypeVar("T")


class MemorySeen:
    """Mixed into the in-memory journal."""

    _store: Store

    @abstractmethod
    def _do(self, job: Callable[[], T]) -> Future[T]:
        """Under the lock."""

    def see(self, seen: Seen) -> Future[Sight]:
        """See the port."""

        def look() -> Sight:
            found = self._store.seen.get(seen.mark)
            if found is None or found[0].until < self._store.now():
                self._store.seen[seen.mark] = (seen, "")
                return Sight(Fate.FIRST)
            known, answer = found
            return Sight(Fate.SAME, answer) if known.body_sha256 == seen.body_sha256 else Sight(Fate.OTHER)

        return self._do(look)

    def answer_seen(self, mark: str, answer: str) -> Future[None]:
        """See the port."""

        def keep() -> None:
            found = self._store.seen.get(mark)
            if found is not None and not found[1]:
                self._store.seen[mark] = (found[0], answer)

        return self._do(keep)

    def forget_seen(self, *, before: datetime) -> Future[int]:
        """See the port."""

        def drop() -> int:
            old = [mark for mark, (seen, _) in self._store.seen.items() if seen.until < before]
            for mark in old:
                del self._store.seen[mark]
            return len(old)

        return self._do(drop)
