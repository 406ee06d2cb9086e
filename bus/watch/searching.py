"""Looks for what is stuck. Bounded: of each kind so many lines, the oldest first."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from bus.delivery import State
from bus.ports import Journal
from bus.watch.stuck import Patience, Reason, Stuck, of_delivery, of_message
from bus.windows import Holidays

STATES = (State.PARKED, State.UNCLEAR, State.SENDING, State.READY)
MOST = 200  # lines of each kind


@dataclass(frozen=True, slots=True)
class Search:
    """What is needed to look."""

    journal: Journal
    patience: Patience
    holidays: Holidays

    def __call__(self, now: datetime, *, resting: Collection[str] = ()) -> tuple[Stuck, ...]:
        """All found, the longest first. At an endpoint that rests what is ready is not stuck: it waits for it.

        Raises:
            JournalUnavailable
        """
        lines = [
            one
            for state in STATES
            for one in self.journal.lingering(state, before=now - self.patience.of(state), limit=MOST)
        ]
        behind = self.journal.behind([one.delivery.id for one in lines])
        found = [
            of_delivery(
                one, self.patience, now=now, holidays=self.holidays, behind=behind.get(one.delivery.id, 0)
            )
            for one in lines
        ]  # fmt: skip
        stuck = [one for one in found if one is not None and not _waits(one, resting)]
        lost = self.journal.undelivered(before=now - self.patience.undelivered, limit=MOST)
        stuck += [of_message(envelope, now=now) for envelope in lost]
        return tuple(sorted(stuck, key=lambda one: one.since))


def _waits(one: Stuck, resting: Collection[str]) -> bool:
    return one.reason is Reason.READY and one.endpoint in resting
