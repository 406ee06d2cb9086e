"""One `claim` over all partitions while it is under way: who was told what, who gave what, who did not answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bus.ports import GenerationLost, QueueUnavailable
from bus.records import Claimed, QueueSettle


@dataclass(slots=True)
class Turn:
    """Changed only by the call it belongs to."""

    worker: str
    limit: int
    lease_s: float
    settles: Mapping[int, Sequence[QueueSettle]]  # by partition
    claims: list[Claimed] = field(default_factory=list)
    untold: dict[int, list[QueueSettle]] = field(default_factory=dict)  # to partitions that are away
    full: list[int] = field(default_factory=list)  # partitions that gave all they were asked for
    gave_last: int | None = None  # partition whose claims were the last
    answered: set[int] = field(default_factory=set)
    lost: GenerationLost | None = None
    fault: QueueUnavailable | None = None

    @property
    def room(self) -> int:
        """How many more may be taken."""
        return self.limit - len(self.claims)

    def to_tell(self, n: int) -> Sequence[QueueSettle]:
        """Once only."""
        return () if n in self.answered else self.settles.get(n, ())

    def took(self, n: int, claims: Sequence[Claimed], *, asked: int) -> None:
        """A partition answered."""
        self.answered.add(n)
        self.claims += claims
        if claims:
            self.gave_last = n
        if len(claims) == asked > 0:
            self.full.append(n)

    def away(self, n: int, fault: QueueUnavailable) -> None:
        """A partition did not answer."""
        self.fault = fault
        if settles := self.to_tell(n):
            self.untold[n] = list(settles)

    def raise_if_nothing(self) -> None:
        """Claims that were given are handed out, whatever else there is to say."""
        if self.claims or (self.answered and self.lost is None):
            return
        if fault := self.lost or self.fault:
            raise fault
