"""When the first job began and the last one ended."""

from __future__ import annotations

import json
import os
import threading
import time

PUT_S = 4.0  # no longer is anything put in, however many are left
DRAIN_S = 8.0  # no longer is drained


class Clock:
    """Counts jobs. Thread-safe enough: only the first and the last one matter."""

    def __init__(self) -> None:
        self._began_to_put = 0.0
        self._put, self._put_s = 0, 0.0
        self._done, self._began, self._last = 0, 0.0, 0.0
        self._lock = threading.Lock()
        self._over = threading.Event()

    def begin(self) -> None:
        """The first one is about to be put in."""
        self._began_to_put = time.perf_counter()

    def put(self) -> bool:
        """One more is in. False: it is enough."""
        self._put += 1
        self._put_s = time.perf_counter() - self._began_to_put
        return self._put_s < PUT_S

    def job(self) -> None:
        """The work of a job: nothing."""
        with self._lock:
            self._last = time.perf_counter()
            self._began = self._began or self._last
            self._done += 1
            if self._done == self._put or self._last - self._began > DRAIN_S:
                self._over.set()

    def wait(self) -> None:
        """Until all are done, or it is enough."""
        self._over.wait(DRAIN_S * 3)

    def tell(self) -> None:
        """The figures, for the bench; the end. How a library ends its workers is not measured."""
        spent = self._last - self._began
        print(json.dumps({"enqueued": self._put / self._put_s, "drained": self._done / spent}), flush=True)
        os._exit(0)
