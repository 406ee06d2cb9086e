"""Several partitions as one queue: what each is told when it is back."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bus.ports import QueueUnavailable
from bus.queue import MemoryQueue, PartitionedQueue
from bus.queue import homes as homes_module
from bus.records import Claimed, QueueRecord, QueueSettle, QueueStep


class Away(MemoryQueue):
    """A partition whose server can be away; it writes down how many settlements it is told at once."""

    away = False

    def __init__(self) -> None:
        super().__init__(partitions=2)
        self.told: list[int] = []

    def claim(self, worker: str, *, settles: Sequence[QueueSettle], limit: int, lease_s: float) -> tuple[Claimed, ...]:
        """As the queue does."""
        if self.away:
            raise QueueUnavailable("away")
        self.told.append(len(settles))
        return super().claim(worker, settles=settles, limit=limit, lease_s=lease_s)


def test_what_could_not_be_told_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """All partitions are away for long, and the worker says the same again and again: kept twice over, it would grow
    into a command that no server takes."""
    monkeypatch.setattr(homes_module, "_REST_S", 0.0)
    parts = (Away(), Away())
    queue = PartitionedQueue(parts)
    queue.start_generation(1)
    queue.enqueue([QueueRecord("m:E1", "D1@E1", "E1", 1, "", None)])
    (claim,) = queue.claim("w1", settles=(), limit=4, lease_s=60)
    done = QueueSettle(claim.delivery_id, claim.lane, claim.endpoint, claim.token, QueueStep.DONE)
    for part in parts:
        part.away, part.told = True, []
    for _ in range(5):
        with pytest.raises(QueueUnavailable):
            queue.claim("w1", settles=(done,), limit=4, lease_s=60)
    for part in parts:
        part.away = False
    queue.claim("w1", settles=(done,), limit=4, lease_s=60)
    assert sum(sum(part.told) for part in parts) == 1
    assert queue.stats().queued == 0
