"""Keys of bodies in memory: which key each would be kept under."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from threading import RLock
from typing import TypeVar

from bus.journal.memory.store import Store
from bus.key_port import Rewrapped

T = TypeVar("T")


class MemoryKeys:
    """Mixed into the in-memory journal."""

    _store: Store
    _lock: RLock

    @abstractmethod
    def _do(self, job: Callable[[], T]) -> Future[T]:
        """Under the lock."""

    def active_key(self) -> str:
        """See the port."""
        return self._store.active_key

    def bodies_by_key(self) -> Mapping[str, int]:
        """See the port."""
        with self._lock:
            found = Counter(body.key_id for kept in self._store.messages.values() for body in kept.bodies.values()
                            if body.erased is None)  # fmt: skip
        return {"": 0, **({self._store.active_key: 0} if self._store.active_key else {}), **found}

    def rewrap(self, position: str, limit: int) -> Future[Rewrapped]:
        """See the port."""

        def change() -> Rewrapped:
            store, after = self._store, tuple(json.loads(position)) if position else ("", "")
            if not store.active_key:
                return Rewrapped("", 0)
            places = sorted(
                (of, role)
                for of, kept in store.messages.items()
                for role, body in kept.bodies.items()
                if (of, role) > after and body.key_id != store.active_key and body.erased is None
            )[:limit]
            for of, role in places:
                bodies = store.messages[of].bodies
                bodies[role] = replace(bodies[role], key_id=store.active_key)
            if places:
                store.note("rewrap", store.active_key, {"bodies": len(places)})
            return Rewrapped(json.dumps(places[-1]) if len(places) == limit else "", len(places))

        return self._do(change)
