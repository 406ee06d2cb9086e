"""Which partition a lane is at home in, and how several of them are asked."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from bus.ports import GenerationLost, Queue, QueueUnavailable

T = TypeVar("T")


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

    def number(self, lane: str) -> int:
        """Of its partition."""
        return zlib.crc32(lane.rpartition(self.separator)[2].encode()) % len(self.parts)

    def of(self, lane: str) -> Part:
        """Its partition."""
        return self.parts[self.number(lane)]

    def grouped(self, things: Iterable[T], lane_of: Callable[[T], str]) -> dict[int, list[T]]:
        """In the order given, by partition."""
        homes: dict[int, list[T]] = defaultdict(list)
        for thing in things:
            homes[self.number(lane_of(thing))].append(thing)
        return dict(homes)

    def reached(self, call: Callable[[int], T]) -> dict[int, T]:
        """Of the partitions that answer. Raises only if none does, or if one of them has another generation."""
        answers: dict[int, T] = {}
        fault: QueueUnavailable | None = None
        for n in range(len(self.parts)):
            try:
                answers[n] = call(n)
            except GenerationLost:
                raise
            except QueueUnavailable as away:
                fault = away
        if fault is not None and not answers:
            raise fault
        return answers

    def each(self, call: Callable[[Part], T]) -> list[T]:
        """The answers alone."""
        return list(self.reached(lambda n: call(self.parts[n])).values())
