"""The in-memory store as one call sees it: locked, of the generation expected, with the caller's rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bus.ports import GenerationLost
from bus.queue.memory_store import MemoryStore
from bus.rates import Rate
from bus.records import Breaker


@dataclass(frozen=True, slots=True)
class Checked:
    """The store, locked, and belonging to the expected generation."""

    store: MemoryStore
    generation: int
    fence: int
    cap: int
    breaker: Breaker | None
    rates: Mapping[str, Rate]

    def __enter__(self) -> MemoryStore:
        self.store.bell.acquire()
        if not self.generation or self.store.generation != self.generation or self.store.fence < self.fence:
            self.store.bell.release()
            raise GenerationLost(f"generation {self.store.generation} not {self.generation}")
        self.store.cap, self.store.breaker, self.store.rates = self.cap, self.breaker, self.rates
        return self.store

    def __exit__(self, *_: object) -> None:
        self.store.bell.release()
