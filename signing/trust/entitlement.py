"""Who may speak for whom: which certificate stands for which agency, and for which operations. Apart from trust: a
certificate can be perfectly good and still not be entitled to this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from schemas.problem import Problem, Stage, problem


@dataclass(frozen=True, slots=True)
class Entitlement:
    """One line of the register."""

    fingerprint: str  # SHA-256 of the public key, lower-case hex, so that a renewed certificate keeps it
    agency: str  # code
    operations: frozenset[str] = frozenset()  # operations it may call; empty = all of the agency's
    first: date | None = None
    last: date | None = None  # including this day

    def holds(self, agency: str, operation: str, *, on: date) -> bool:
        """True if it entitles to this, on this day."""
        in_time = (self.first is None or self.first <= on) and (self.last is None or on <= self.last)
        return in_time and self.agency == agency and (not self.operations or operation in self.operations)


def entitled(
    register: Sequence[Entitlement], fingerprint: str, *, agency: str, operation: str, now: datetime, stage: Stage
) -> tuple[Problem, ...]:
    """Nothing if the key may speak for the agency in this operation; else why not."""
    mine = [line for line in register if line.fingerprint == fingerprint]
    if any(line.holds(agency, operation, on=now.date()) for line in mine):
        return ()
    known = ", ".join(sorted({line.agency for line in mine})) or "–"
    return (problem("LT-TRUST-020", stage, {"agency": agency, "service": operation, "known": known}),)
