"""Whoever shows wrong credentials again and again waits, longer each time: by name and address, so that nobody else
waits for it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

FREE = 10  # wrong tries in a row before the first wait
_FIRST_S, _MOST_S = 1.0, 60.0
_FORGET_S = 900.0
_KEYS = 10_000  # remembered; beyond, the longest untouched is forgotten

Key = tuple[str, str, str]  # door, name shown, address


@dataclass(slots=True)
class _Tries:
    wrong: int = 0
    at_s: float = 0.0
    until_s: float = 0.0


class Throttle:
    """Times are seconds that never go back. Event loop only."""

    def __init__(self) -> None:
        self._tries: OrderedDict[Key, _Tries] = OrderedDict()

    def wait_s(self, key: Key, *, now_s: float) -> float:
        """How long nothing is looked at that it shows; 0 = it may try."""
        tries = self._tries.get(key)
        return max(0.0, tries.until_s - now_s) if tries is not None else 0.0

    def wrong(self, key: Key, *, now_s: float) -> None:
        """What it showed was wrong."""
        tries = self._tries.setdefault(key, _Tries())
        self._tries.move_to_end(key)
        if now_s - tries.at_s > _FORGET_S:
            tries.wrong = 0
        tries.wrong, tries.at_s = tries.wrong + 1, now_s
        if tries.wrong > FREE:
            tries.until_s = now_s + min(_MOST_S, _FIRST_S * 2.0 ** min(tries.wrong - FREE - 1, 10))
        while len(self._tries) > _KEYS:
            self._tries.popitem(last=False)

    def right(self, key: Key) -> None:
        """It is who it says."""
        self._tries.pop(key, None)
