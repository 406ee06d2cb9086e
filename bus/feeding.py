"""Tells the queue in the background: a door must never wait for it, and goes on while it is away."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence

from bus.feeder import Feeder
from bus.records import QueueRecord

_CARE_S = 1.0  # how often the queue is compared with the journal's generation


class Feeding:
    """One thread per door process. What is not told when the process dies is in the journal: the sweep finds it."""

    def __init__(self, feeder: Feeder) -> None:
        self._feeder = feeder
        self._waiting: queue.SimpleQueue[Sequence[QueueRecord]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="feeding", daemon=True)

    def start(self) -> None:
        """Begins. Once."""
        self._thread.start()

    def submit(self, records: Sequence[QueueRecord]) -> None:
        """Never blocks."""
        self._waiting.put(records)

    def _run(self) -> None:
        healed_at = 0.0
        while True:
            if time.monotonic() - healed_at >= _CARE_S:  # also under load
                self._feeder.heal()
                healed_at = time.monotonic()
            if batch := self._batch():
                self._feeder.feed(batch)

    def _batch(self) -> list[QueueRecord]:
        """All that waits; [] when nothing came for a while."""
        found: list[QueueRecord] = []
        try:
            found += self._waiting.get(timeout=_CARE_S)
            while len(found) < 500:
                found += self._waiting.get_nowait()
        except queue.Empty:
            return found
        return found
