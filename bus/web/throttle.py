"""Whoever shows wrong passwords again and again waits, longer each time: by the name it claims and its address, so that
nobody else waits for it, also behind one proxy.

All wrong ones of an address together are bounded too; beyond that waits there only who was never right from it.
Signatures never come here: nobody guesses them, so nobody waits for somebody else's bad ones.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

FREE = 10  # wrong tries in a row of one name before its first wait
TOGETHER, EVERY_S = 100, 3.0  # of one address so many at once, then one each so many seconds
_FIRST_S, _MOST_S = 1.0, 60.0
_FORGET_S = 900.0
_KEYS = 10_000  # of each kind are remembered; beyond, the longest untouched is forgotten


@dataclass(slots=True)
class _Tries:
    """Of one name at one address."""

    wrong: int = 0
    at_s: float = 0.0
    until_s: float = 0.0


@dataclass(slots=True)
class _Place:
    """An address: how many wrong ones are not yet forgotten."""

    level: float = 0.0
    at_s: float = 0.0

    def wait_s(self, now_s: float) -> float:
        """Until there is room for one more."""
        left = max(0.0, self.level - (now_s - self.at_s) / EVERY_S)
        return max(0.0, (left - TOGETHER + 1) * EVERY_S)

    def add(self, now_s: float) -> None:
        """One more; never so many that it takes longer than one is worth to get over it."""
        self.level = min(float(TOGETHER), max(0.0, self.level - (now_s - self.at_s) / EVERY_S) + 1)
        self.at_s = now_s


@dataclass(slots=True)
class Login:
    """One try."""

    wait_s: float  # so long nothing is looked at that it shows; 0 = it may try
    throttle: Throttle
    mark: bytes  # of name, door and address; empty = nothing is claimed
    place: bytes

    def right(self) -> None:
        """It is who it says."""
        if self.mark:
            self.throttle.right(self.mark)

    def wrong(self) -> float:
        """What it showed was wrong. How long it is told to wait: as somebody who was never right there would be, so
        that nobody reads from it who was."""
        return self.throttle.wrong(self.mark, self.place) if self.mark else 0.0


_Known = OrderedDict[bytes, _Tries] | OrderedDict[bytes, _Place] | OrderedDict[bytes, None]


class Throttle:
    """Thread-safe. Of names and passwords only salted hashes are kept."""

    def __init__(self, *, ticks: Callable[[], float] = time.monotonic) -> None:
        """`ticks`: seconds that never go back."""
        self._ticks, self._salt, self._lock = ticks, os.urandom(32), Lock()
        self._tries: OrderedDict[bytes, _Tries] = OrderedDict()
        self._places: OrderedDict[bytes, _Place] = OrderedDict()
        self._right: OrderedDict[bytes, None] = OrderedDict()

    def login(self, door: str, peer: str, name: str) -> Login:
        """Before anything is compared. `name`: what it claims to be; "" = nothing, which neither waits nor counts."""
        if not name:
            return Login(0.0, self, b"", b"")
        mark, place = self._mark(door, peer, name), self._mark(door, peer)
        now_s = self._ticks()
        with self._lock:
            tries, around = self._tries.get(mark), self._places.get(place)
            own_s = tries.until_s - now_s if tries is not None else 0.0
            place_s = around.wait_s(now_s) if around is not None and mark not in self._right else 0.0
        return Login(max(0.0, own_s, place_s), self, mark, place)

    def right(self, mark: bytes) -> None:
        """See Login."""
        with self._lock:
            self._tries.pop(mark, None)
            self._right[mark] = None
            _keep(self._right, mark)

    def wrong(self, mark: bytes, place: bytes) -> float:
        """See Login."""
        now_s = self._ticks()
        with self._lock:
            tries, around = self._tries.setdefault(mark, _Tries()), self._places.setdefault(place, _Place())
            told_s = around.wait_s(now_s)
            around.add(now_s)
            if now_s - tries.at_s > _FORGET_S:
                tries.wrong = 0
            tries.wrong, tries.at_s = tries.wrong + 1, now_s
            if tries.wrong > FREE:
                tries.until_s = now_s + min(_MOST_S, _FIRST_S * 2.0 ** min(tries.wrong - FREE - 1, 10))
            _keep(self._tries, mark)
            _keep(self._places, place)
        return told_s

    def _mark(self, *parts: str) -> bytes:
        made = hashlib.blake2b(key=self._salt, digest_size=16)
        for part in parts:
            data = part.encode("utf-8", "surrogatepass")
            made.update(len(data).to_bytes(8, "big") + data)
        return made.digest()


def _keep(known: _Known, mark: bytes) -> None:
    known.move_to_end(mark)
    while len(known) > _KEYS:
        known.popitem(last=False)
