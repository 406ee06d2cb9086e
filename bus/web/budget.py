"""So much of something a second, and no more."""

from __future__ import annotations

import time


class Budget:
    """So many a second, and a few at once."""

    def __init__(self, per_s: float, burst: int) -> None:
        self._per_s, self._burst = per_s, float(burst)
        self._left, self._at = float(burst), time.monotonic()

    def take(self) -> bool:
        """One of them; False = there is none left now."""
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_s)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
