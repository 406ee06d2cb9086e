"""A retry policy laid out as clock times, before anything runs: pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from bus.retry import RetryPolicy

_MOST = 10_000  # tries followed; beyond, it is only said that there are more


@dataclass(frozen=True, slots=True)
class Try:
    """When one try is made if every one before it failed."""

    number: int
    earliest: datetime  # chance shortens every pause, each try fails at once
    usual: datetime  # the middle of each pause
    latest: datetime | None  # no pause shortened, every try lasts its whole timeout; None: the deadline was before

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return {"try": self.number, "earliest": self.earliest, "usual": self.usual, "latest": self.latest}


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What may be expected of a policy since a moment."""

    first: datetime  # the first try
    end: datetime  # the deadline: the last try at the latest
    tries: tuple[Try, ...]  # as far as usual chance carries
    fewest: int
    most: int
    counted_out: datetime | None  # the tries are used up then, before the deadline, if chance is as usual


def foresee(policy: RetryPolicy, since: datetime) -> Foreseen:
    """What follows if the receiver never takes it."""
    usual = _way(policy, since, 0.5, timedelta(0))
    earliest = _way(policy, since, 0.0, timedelta(0))
    latest = _way(policy, since, 1.0, policy.timeout)
    soon, late = list(earliest), list(latest)
    middle = list(usual)
    tries = tuple(
        Try(n, soon[n - 1], at, late[n - 1] if n <= len(late) else None) for n, at in enumerate(middle, start=1)
    )
    end = policy.expires_at(since)
    used_up = len(middle) == policy.attempts and middle[-1] < end
    return Foreseen(middle[0], end, tries, len(late), len(soon), middle[-1] if used_up else None)


def _way(policy: RetryPolicy, since: datetime, chance: float, lasts: timedelta) -> Iterator[datetime]:
    """Every try, if chance always says the same and each try takes so long."""
    end = policy.expires_at(since)
    at = policy.windows.opens(since)
    for number in range(1, min(policy.attempts, _MOST) + 1):
        yield at
        if at >= end or at + lasts >= end:
            return
        at = policy.windows.opens(min(at + lasts + policy.pauses.pause(number, chance=chance), end))
