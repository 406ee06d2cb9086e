"""What waits, since when: asked by whoever keeps deadlines."""

from __future__ import annotations

from dataclasses import dataclass

from bus.delivery import Delivery


@dataclass(frozen=True, slots=True)
class Aged:
    """A head that could be sent and was not, with what its policy depends on."""

    delivery: Delivery
    kind: str  # of its message
    doubtful: bool = False  # a worker died while it was sending: nobody knows whether it was taken
