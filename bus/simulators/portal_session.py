"""Login sessions of the simulated portal: given at login, spent by calls, gone with time. Thread-safe."""

from __future__ import annotations

import hmac
import random
import threading
import time
import uuid
from dataclasses import dataclass

EXPIRED = "Phiên làm việc không hợp lệ hoặc đã hết hạn, đề nghị đăng nhập lại (session expired)"


@dataclass(slots=True)
class _Session:
    calls: int
    until: float


class Sessions:
    """Who may log in and for how long."""

    def __init__(self, user: str, password: str, *, seed: int) -> None:
        self.calls = 0  # a session is good for so many calls; 0 = no limit
        self.seconds = 0.0  # … for so long; 0 = no limit
        self._user, self._password = user, password
        self._random = random.Random(f"session:{seed}")  # noqa: S311  # sessions of a simulator
        self._open: dict[str, _Session] = {}
        self._lock = threading.Lock()

    def login(self, user: object, password: object) -> str:
        """A new session string; "" = wrong name or password."""
        if not isinstance(user, str) or not isinstance(password, str) or not user or not password:
            return ""
        if self._user and user != self._user:
            return ""
        if self._password and not hmac.compare_digest(password.encode(), self._password.encode()):
            return ""
        with self._lock:
            name = str(uuid.UUID(int=self._random.getrandbits(128), version=4))
            self._open[name] = _Session(0, time.monotonic() + self.seconds if self.seconds else float("inf"))
        return name

    def spend(self, name: object) -> bool:
        """Uses the session for one call; False = unknown or expired."""
        with self._lock:
            session = self._open.get(name) if isinstance(name, str) else None
            if session is None:
                return False
            if time.monotonic() > session.until or (self.calls and session.calls >= self.calls):
                del self._open[str(name)]
                return False
            session.calls += 1
            return True

    def expire_all(self) -> int:
        """Ends every session now. Returns how many."""
        with self._lock:
            count = len(self._open)
            self._open.clear()
            return count
