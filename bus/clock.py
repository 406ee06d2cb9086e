"""The real clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SystemClock:
    """The `Clock` port on the operating system's clocks. Thread-safe, stateless."""

    def now(self) -> datetime:
        """Aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Boot-time clock: also counts while the machine sleeps, so a lease cannot look younger than it is."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)
