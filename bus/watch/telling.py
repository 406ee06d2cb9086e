"""What the log is told of a verdict: when it turns bad, again ever more seldom, and when it is good again. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bus.watch.liveness import Condition, Verdict

_FIRST_S, _MOST_S = 60.0, 3600.0


class Word(StrEnum):
    """What is to be logged."""

    NOTHING = ""
    BEGINS = "begins"
    STAYS = "stays"
    OVER = "over"


@dataclass(slots=True)
class Telling:
    """Remembers what was told. One thread."""

    condition: Condition | None = None  # that was told; None = all is well
    since_s: float = 0.0
    _next_s: float = 0.0
    _pause_s: float = _FIRST_S

    def of(self, verdict: Verdict, *, now_s: float) -> Word:
        """`now_s`: seconds that never go back."""
        if verdict.healthy:
            was, self.condition = self.condition, None
            return Word.OVER if was is not None else Word.NOTHING
        if self.condition is None or self.condition is not verdict.condition:
            if self.condition is None:
                self.since_s = now_s
            self.condition, self._pause_s = verdict.condition, _FIRST_S
            self._next_s = now_s + _FIRST_S
            return Word.BEGINS
        if now_s < self._next_s:
            return Word.NOTHING
        self._pause_s = min(self._pause_s * 2, _MOST_S)
        self._next_s = now_s + self._pause_s
        return Word.STAYS
