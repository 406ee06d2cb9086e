"""How fast an endpoint is asked: at a rate, one rest for all threads when it is away, not at all while it is paused."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

_ILL_IN_A_ROW = 3
_LONGEST_REST_S = 30.0
_LOOK_AGAIN_S = 1.0


class PatienceEnded(Exception):
    """The endpoint rests for longer than the person wants to wait. What was compared is on record."""

    def __init__(self, endpoint: str, why: str) -> None:
        super().__init__(f"{endpoint}: {why}")
        self.endpoint, self.why = endpoint, why


class Stopped(Exception):
    """A person ends the run here."""


@dataclass(frozen=True, slots=True)
class Pace:
    """What a person, or the settings, allow."""

    per_second: float = 5.0
    patience_s: float = 60.0


class Gate:
    """One endpoint's. Thread-safe. `resting` says why the bus leaves the endpoint alone just now; "" = it does not."""

    def __init__(
        self, endpoint: str, pace: Pace, *, resting: Callable[[str], str], monotonic: Callable[[], float],
        stop: threading.Event,
    ) -> None:  # fmt: skip
        self._endpoint, self._pace, self._resting, self._stop = endpoint, pace, resting, stop
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._next_at = 0.0
        self._ill = 0
        self._ill_since: float | None = None

    def enter(self) -> None:
        """Returns when one question may be sent.

        Raises:
            PatienceEnded: the endpoint rests for too long.
            Stopped: the run is to end.
        """
        self._wait_while_resting()
        with self._lock:
            now = self._monotonic()
            at = max(now, self._next_at)
            self._next_at = at + 1 / self._pace.per_second
        self._sleep(at - now)

    def tell(self, *, well: bool) -> bool:
        """What became of the question. True: it may be asked again, the endpoint is only away."""
        with self._lock:
            now = self._monotonic()
            if well:
                self._ill, self._ill_since = 0, None
                return False
            self._ill += 1
            self._ill_since = now if self._ill_since is None else self._ill_since
            if self._ill >= _ILL_IN_A_ROW:
                rest_s = min(_LONGEST_REST_S, 2.0 ** (self._ill - _ILL_IN_A_ROW))
                self._next_at = max(self._next_at, now + rest_s)
            if now - self._ill_since > self._pace.patience_s:
                raise PatienceEnded(self._endpoint, "không trả lời")
            return True

    def _wait_while_resting(self) -> None:
        began = self._monotonic()
        while why := self._resting(self._endpoint):
            if self._monotonic() - began >= self._pace.patience_s:
                raise PatienceEnded(self._endpoint, why)
            self._sleep(_LOOK_AGAIN_S)

    def _sleep(self, seconds: float) -> None:
        if self._stop.wait(max(0.0, seconds)):
            raise Stopped
