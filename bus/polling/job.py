"""A poll as the scheduler runs it."""

from __future__ import annotations

from dataclasses import dataclass

from bus.polling.plan import PollPlan
from bus.polling.run import Broken, Run
from bus.turn import Finished, Turn


@dataclass(frozen=True, slots=True)
class Poll(PollPlan):
    """See bus.turn.Job."""

    def run(self, turn: Turn) -> Finished:
        """From the checkpoint to the end of what there is, or to the most pages of one run."""
        run = Run(self, turn)
        try:
            run.settle_debts()
            return run.walk()
        except Broken as broken:
            return run.broken(broken)
