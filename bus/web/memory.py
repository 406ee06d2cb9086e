"""Memory that large bodies have left is given back to the system once it is calm: the C library keeps it for itself in
as many places as there were threads, twice what the door needs at rest.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
from collections.abc import Callable

_CALM_S = 5.0
_WORTH_BYTES = 1024 * 1024  # less is not worth the walk
_LIBC = ctypes.CDLL(None)


def trim() -> None:
    """Tens of milliseconds, without the interpreter's lock. Where the C library has no such call, nothing."""
    with contextlib.suppress(AttributeError):
        _LIBC.malloc_trim(0)


class GivingBack:
    """Event loop only."""

    def __init__(self, give_back: Callable[[], None] = trim, *, calm_s: float = _CALM_S) -> None:
        self._give_back, self._calm_s = give_back, calm_s
        self._let_go = 0  # bytes, since it was given back last
        self._timer: asyncio.TimerHandle | None = None

    def released(self, size: int) -> None:
        """A body was let go. So long after the last large one everything is given back, beside the loop."""
        self._let_go += size
        if size == 0 or self._let_go < _WORTH_BYTES:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(self._calm_s, self._calm)

    def _calm(self) -> None:
        self._let_go, self._timer = 0, None
        asyncio.get_running_loop().run_in_executor(None, self._give_back)
