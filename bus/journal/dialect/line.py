"""The line of processes that wait to write one SQLite file. A process that writes one transaction after the other would
else be quicker every time than one that sleeps and looks again: that one got nothing for seconds.

Whoever stands first shows with every look that it is awake. One that was stopped there (SIGSTOP, a frozen container) is
passed: the others stand in line at the next place, and do not wait for it again until it moves. When it has gone, who
stands at the next place takes the first one too, so that there is one line again.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

POLL_S = 0.001  # SQLite's own waiting sleeps up to 100 ms: the lock would lie idle, or another would be quicker
SILENT_S = 0.3  # of a process that looks every millisecond: it is stopped, or so slow that it loses nothing
_PLACES = 3  # beyond so many stopped ones, everybody is for himself
_MARK_BYTES = 8


@dataclass(slots=True)
class Line:
    """Only fairness hangs on it: where no place can be had, it is done without. Used by any thread."""

    path: Path  # of the first place; the others are made when they are needed
    wait_s: float  # longest behind those that are awake
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _silent: dict[int, bytes] = field(default_factory=dict)  # last mark of whoever was stopped, by place

    @contextmanager
    def first(self) -> Iterator[Callable[[], None]]:
        """One of all processes is in here. What it yields is to be called with every look at the file's lock."""
        with ExitStack() as open_places:
            held: list[int] = []
            passed: list[int] = []
            give_up = self.now() + self.wait_s
            for number in range(_PLACES):
                try:
                    place = os.open(self._name(number), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                except OSError:
                    break
                open_places.callback(os.close, place)
                if self._stands(place, number, give_up):
                    held.append(place)
                    break
                passed.append(place)
            _awake(held, passed)
            yield lambda: _awake(held, passed)

    def _name(self, number: int) -> Path:
        return self.path if not number else self.path.with_name(f"{self.path.name}-{number + 1}")

    def _stands(self, place: int, number: int, give_up: float) -> bool:
        """False: whoever has the place is silent, or it is too late."""
        mark, since = b"", self.now()
        while not _taken(place):
            seen, now = os.pread(place, _MARK_BYTES, 0), self.now()
            if seen == self._silent.get(number) or now > give_up:
                return False
            if seen != mark:
                mark, since = seen, now
            elif now - since > SILENT_S:
                self._silent[number] = seen
                return False
            self.sleep(POLL_S)
        self._silent.pop(number, None)
        return True


def _awake(held: list[int], passed: list[int]) -> None:
    for place in [place for place in passed if _taken(place)]:
        passed.remove(place)
        held.append(place)
    mark = time.monotonic_ns().to_bytes(_MARK_BYTES, "big")
    for place in held:
        with contextlib.suppress(OSError):  # the disk is full: then we look silent, and are passed
            os.pwrite(place, mark, 0)


def _taken(place: int) -> bool:
    try:
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without such locks: there is no line
        return True
    return True
