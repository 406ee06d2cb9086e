"""How long to pause after each failure: pure. What a person writes as `exp(2s..15m)`, `fixed(5m)` or `30s,2m,10m`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

_MOST_DOUBLINGS = 64  # beyond, every longest pause has long been reached
_TICK = timedelta(microseconds=1)


class Shape(StrEnum):
    """How pauses follow one another."""

    EXP = "exp"  # doubles from the first to the longest
    FIXED = "fixed"  # always the same
    LIST = "list"  # one after the other; the last one for ever


@dataclass(frozen=True, slots=True)
class Pauses:
    """Pauses between attempts. Chance only ever shortens a pause: `jitter` says by how much of it at most."""

    shape: Shape
    steps: tuple[timedelta, ...]  # EXP: first and longest; FIXED: one; LIST: at least one
    jitter: int  # percent; 100 = full jitter, anything from no pause to the whole

    def longest(self, failures: int) -> timedelta:
        """The pause after so many failures (1 = the first), if chance does not shorten it."""
        if self.shape is not Shape.EXP:
            return self.steps[min(failures, len(self.steps)) - 1]
        first, most = (step // _TICK for step in self.steps)
        return min(most, first << min(failures - 1, _MOST_DOUBLINGS)) * _TICK

    def shortest(self, failures: int) -> timedelta:
        """The pause if chance shortens it as much as it may."""
        return self.longest(failures) * (100 - self.jitter) / 100

    def pause(self, failures: int, *, chance: float) -> timedelta:
        """The pause; `chance` is uniform in [0, 1)."""
        least = self.shortest(failures)
        return least + (self.longest(failures) - least) * chance


def exponential(first: timedelta, most: timedelta, *, jitter: int = 100) -> Pauses:
    """Doubles from `first` to `most`; full jitter unless said otherwise."""
    return Pauses(Shape.EXP, (first, most), jitter)


def fixed(pause: timedelta, *, jitter: int = 0) -> Pauses:
    """Always the same."""
    return Pauses(Shape.FIXED, (pause,), jitter)


def listed(*steps: timedelta, jitter: int = 0) -> Pauses:
    """One after the other; the last one for ever."""
    return Pauses(Shape.LIST, steps, jitter)
