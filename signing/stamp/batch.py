"""When records are stamped: in batches, one token for a tree; after a failure one record alone as a probe, until the
authority answers; several authorities in order. Pure: decides, and takes what the network said as values.

How long the oldest record has waited is a clock of its own. When the grace is over nothing is dropped and nothing
passes for stamped: the state says so, and a person is called.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class BatchRules:
    """How often, how many, how long without."""

    every: timedelta = timedelta(seconds=60)
    most: int = 10_000  # records of one batch; a full one makes the next begin at once
    probe_every: timedelta = timedelta(seconds=60)  # after a failure
    grace: timedelta = timedelta(hours=4)  # a record may wait so long for its stamp


class Mode(StrEnum):
    """How the next try is made."""

    BATCH = "batch"
    PROBE = "probe"  # one record, at the next authority in order


@dataclass(frozen=True, slots=True)
class Stamping:
    """Where the stamping stands. Kept by whoever runs it; begins as it is."""

    mode: Mode = Mode.BATCH
    authority: int = 0  # which of the authorities, in the order of the settings
    next_at: datetime | None = None  # None = now
    failures: int = 0  # in a row

    def due(self, now: datetime) -> bool:
        """Time for the next try?"""
        return self.next_at is None or self.next_at <= now

    def take(self, rules: BatchRules) -> int:
        """How many of the oldest records go into the next try."""
        return rules.most if self.mode is Mode.BATCH else 1

    def went_well(self, rules: BatchRules, *, stamped: int, now: datetime) -> Stamping:
        """After a good answer: batches again; at once where there may be more."""
        more = self.mode is Mode.PROBE or stamped >= rules.most
        return Stamping(Mode.BATCH, self.authority, now if more else now + rules.every, 0)

    def went_wrong(self, rules: BatchRules, *, authorities: int, now: datetime) -> Stamping:
        """After no answer or a bad one: the next authority, at once until each was asked, then a probe a minute."""
        failures = self.failures + 1
        again = now if failures % max(1, authorities) else now + rules.probe_every
        return replace(
            self,
            mode=Mode.PROBE,
            authority=(self.authority + 1) % max(1, authorities),
            next_at=again,
            failures=failures,
        )


def grace_left(oldest: datetime | None, rules: BatchRules, *, now: datetime) -> timedelta:
    """Until the oldest record without a stamp has waited too long; negative = it has. The whole grace if none waits."""
    return rules.grace if oldest is None else oldest + rules.grace - now


def alarm(oldest: datetime | None, rules: BatchRules, *, now: datetime) -> int:
    """How much of the grace is used up, as the steps at which a person is told: 0, 25, 50, 75 or 100 percent."""
    used = 1 - grace_left(oldest, rules, now=now) / rules.grace
    return max((step for step in (0, 25, 50, 75, 100) if used * 100 >= step), default=0)
