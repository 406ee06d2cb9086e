"""Which bodies may go, and when: pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bus.records.retaining import Candidate, Choice, ErasedMark, Fate

MINIMUM_DAYS = 30  # nobody repeats, reconciles or disputes a message for longer without a word


@dataclass(frozen=True, slots=True)
class RetentionRules:
    """Days after the end of a message's way; 0 = its bodies stay."""

    days: int = 0
    kinds: Mapping[str, int] = field(default_factory=dict)
    stamped: bool = False  # a seal counts only with its time-stamp

    @property
    def shortest(self) -> int:
        """Days until anything may go at all; 0 = never."""
        return min((days for days in (self.days, *self.kinds.values()) if days), default=0)

    def of(self, kinds: tuple[str, ...]) -> tuple[int, str]:
        """(days, rule in words) of what is of all these kinds: the longest. 0 = it stays."""
        known = [(self.kinds[kind], f"retention.kinds.{kind}") for kind in kinds if kind in self.kinds]
        if len(known) < len(kinds) or not kinds:
            known.append((self.days, "retention.body_days"))
        if any(not days for days, _ in known):
            return 0, ""
        days, name = max(known)
        return days, f"{name} = {days}"

    @property
    def text(self) -> str:
        """By which it is seen that they have changed."""
        return f"{self.days};{sorted(self.kinds.items())};{self.stamped}"


def in_the_way(candidate: Candidate, *, stamped: bool) -> Fate | None:
    """Why its bodies stay, whatever their age; None = nothing."""
    if candidate.is_open:
        return Fate.OPEN
    if candidate.is_marked:
        return Fate.HOLD
    if candidate.is_planned:
        return Fate.PLANNED
    if not candidate.is_sealed or (stamped and not candidate.is_stamped):
        return Fate.UNSEALED
    return None


def fate_of(candidate: Candidate, rules: RetentionRules, *, now: datetime) -> tuple[Fate, Choice | None]:
    """What becomes of its bodies."""
    days, rule = rules.of(candidate.kinds)
    if not days:
        return Fate.KEEP, None
    before = now - timedelta(days=days)
    if (reason := in_the_way(candidate, stamped=rules.stamped)) is not None:
        return reason, None
    if candidate.finished_at > before:
        return Fate.YOUNG, None
    return Fate.ERASE, Choice(candidate.message_id, rule, before)


def said_vi(mark: ErasedMark) -> str:
    """For people."""
    return f"Nội dung đã xoá ngày {mark.at:%Y-%m-%d} theo quy tắc {mark.rule}; bằng chứng vẫn còn"


def said_en(mark: ErasedMark) -> str:
    """For people."""
    return f"erased on {mark.at:%Y-%m-%d} by rule {mark.rule}; the proof stands"
