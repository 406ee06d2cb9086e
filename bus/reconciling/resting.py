"""Why an endpoint is left alone just now: paused by a person, its breaker open, or outside its receiving hours."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bus.ports import Clock
from bus.records import EndpointView, Standing
from bus.trial import Line

_LOOK_S = 1.0


@dataclass(slots=True)
class Resting:
    """Thread-safe. Looks at most once a second."""

    lines: Mapping[str, Line]
    standing: Callable[[], Standing]
    views: Callable[[], Mapping[str, EndpointView]]  # empty: the queue is away, or never heard of them
    clock: Clock
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _looked_at: float | None = None
    _standing: Standing = field(default_factory=Standing)
    _views: Mapping[str, EndpointView] = field(default_factory=dict)

    def why(self, endpoint: str) -> str:
        """In Vietnamese; "" = it may be asked."""
        self._look()
        now = self.clock.now()
        order = next((one for one in self._standing.orders if one.endpoint == endpoint), None)
        if order is not None and order.paused and (order.until is None or order.until > now):
            return f"đang tạm dừng theo lệnh của {order.who}: {order.why}"
        view = self._views.get(endpoint)
        if view is not None and view.state == "open" and (view.until is None or view.until > now):
            return "ngắt mạch: hỏng liên tiếp, bus đang để yên"
        line = self.lines.get(endpoint)
        return "" if line is None or line.policies.windows.is_open(now) else "ngoài giờ nhận"

    def _look(self) -> None:
        with self._lock:
            now = self.clock.monotonic()
            if self._looked_at is None or now - self._looked_at >= _LOOK_S:
                self._looked_at = now
                self._standing, self._views = self.standing(), self.views()
