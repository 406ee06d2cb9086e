"""Which partition a lane is at home in, and how several of them are asked."""

from __future__ import annotations

import functools
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from bus.ports import GenerationLost, Queue, QueueUnavailable

T = TypeVar("T")
R = TypeVar("R")
_REST_S, _LONGEST_REST_S = 0.5, 8.0  # of a partition that did not answer


class Part(Queue, Protocol):
    """One partition's queue."""

    def due_s(self) -> float:
        """Seconds until something comes due there by itself, as far as is known."""

    def ring(self) -> None:
        """Wakes one who waits."""


@dataclass(frozen=True, slots=True)
class Homes:
    """By the endpoint: the end of a lane's name, or the endpoint itself."""

    parts: Sequence[Part]
    separator: str  # in a lane's name, before the endpoint
    _away: dict[int, float] = field(default_factory=dict)  # partition → monotonic time when it is asked again

    def number(self, lane: str) -> int:
        """Of its partition."""
        return zlib.crc32(lane.rpartition(self.separator)[2].encode()) % len(self.parts)

    def ask(self, n: int, call: Callable[[Part], T]) -> T:
        """One partition. One that did not answer is let alone for a while: it must not slow what goes to others."""
        began = time.monotonic()
        if self._away.get(n, 0.0) > began:
            raise QueueUnavailable(f"partition {n} is away")
        try:
            answer = call(self.parts[n])
        except GenerationLost:
            raise
        except QueueUnavailable:
            now = time.monotonic()
            self._away[n] = now + min(max(_REST_S, now - began), _LONGEST_REST_S)
            raise
        self._away.pop(n, None)
        return answer

    def give(self, n: int, rows: Sequence[R], call: Callable[[Part, Sequence[R]], T]) -> T:
        """One partition, with what is its own."""
        return self.ask(n, lambda part: call(part, rows))

    def at_home(self, lane: str, call: Callable[[Part], T]) -> T:
        """The partition of a lane."""
        return self.ask(self.number(lane), call)

    def grouped(self, things: Iterable[T], lane_of: Callable[[T], str]) -> dict[int, list[T]]:
        """In the order given, by partition."""
        homes: dict[int, list[T]] = defaultdict(list)
        for thing in things:
            homes[self.number(lane_of(thing))].append(thing)
        return dict(homes)

    def reached(self, call: Callable[[int, Part], T]) -> dict[int, T]:
        """Of the partitions that answer. Raises only if none does, or if one of them has another generation."""
        answers: dict[int, T] = {}
        fault: QueueUnavailable | None = None
        for n in range(len(self.parts)):
            try:
                answers[n] = self.ask(n, functools.partial(call, n))
            except GenerationLost:
                raise
            except QueueUnavailable as away:
                fault = away
        if fault is not None and not answers:
            raise fault
        return answers

    def each(self, call: Callable[[Part], T]) -> list[T]:
        """The answers alone."""
        return list(self.reached(lambda _, part: call(part)).values())
