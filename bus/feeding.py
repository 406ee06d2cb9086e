"""Tells the queue in the background: a door must never wait for it, and goes on while it is away."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Sequence

from bus.feeder import Feeder
from bus.records import QueueRecord

log = logging.getLogger("lienthong.feeding")

_CARE_S = 1.0  # how often the queue is compared with the journal's generation
_MOST = 500  # records a round trip
_PATIENCE_S = 5.0  # with a queue that is away


class Feeding:
    """One thread per door process. What is not told when the process dies is in the journal: the sweep finds it."""

    def __init__(self, feeder: Feeder) -> None:
        self._feeder = feeder
        self._waiting: queue.SimpleQueue[Sequence[QueueRecord]] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feeding", daemon=True)

    def start(self) -> None:
        """Begins. Once."""
        self._feeder.doubt()  # the door before us may have died between a commit and the queue
        self._thread.start()

    def submit(self, records: Sequence[QueueRecord]) -> None:
        """Never blocks."""
        self._waiting.put(records)

    def waiting(self) -> int:
        """Batches the queue was not told of yet."""
        return self._waiting.qsize()

    def stop(self) -> None:
        """Tells the queue what still waits, as far as it is there to hear, and ends."""
        self._ended.set()
        self._waiting.put(())  # wakes it
        self._thread.join(_PATIENCE_S)

    def _run(self) -> None:
        healed_at = 0.0
        while not (self._ended.is_set() and self._waiting.empty()):
            try:
                if time.monotonic() - healed_at >= _CARE_S:  # also under load
                    healed_at = time.monotonic()
                    self._feeder.heal()
                if batch := self._batch():
                    self._feeder.feed(batch)
            except Exception:  # the sweep finds what was lost here; but somebody must go on feeding
                log.exception("feeding broke, goes on")

    def _batch(self) -> list[QueueRecord]:
        """All that waits; [] when nothing came for a while."""
        found: list[QueueRecord] = []
        try:
            found += self._waiting.get(timeout=_CARE_S)
            while len(found) < _MOST:
                found += self._waiting.get_nowait()
        except queue.Empty:
            return found
        return found
