"""Who runs the bus on a data folder: one `lienthong up` at a time, by a lock that ends with its process."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.problem import Refused, Stage, problem

LOCK = Path("run") / "up.lock"
_TRIES = 5  # somebody who only asks `owner` holds it for a moment


@contextmanager
def owning(data: Path) -> Iterator[None]:
    """Holds the data folder while the block runs; makes it first, and shows that it can be written.

    Raises:
        Refused: it cannot be written (LT-UP-001), or another process holds it (LT-UP-002).
    """
    file = data / LOCK
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _refused("LT-UP-001", data, reason=error.strerror or error) from error
    try:
        _take(lock, data)
        try:
            os.ftruncate(lock, 0)
            os.pwrite(lock, f"{os.getpid()}\n".encode("ascii"), 0)
            os.fsync(lock)
        except OSError as error:
            raise _refused("LT-UP-001", data, reason=error.strerror or error) from error
        yield
    finally:
        os.close(lock)


def _take(lock: int, data: Path) -> None:
    for left in reversed(range(_TRIES)):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as taken:
            if not left:
                raise _refused("LT-UP-002", data, pid=_pid(lock) or "?") from taken
            time.sleep(0.05)


def owner(data: Path) -> int:
    """Process id of the `lienthong up` that holds this folder; 0 = none."""
    try:
        lock = os.open(data / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _pid(lock) or -1
    finally:
        os.close(lock)
    return 0


def _pid(lock: int) -> int:
    text = os.pread(lock, 20, 0).strip()
    return int(text) if text.isdigit() else 0


def _refused(code: str, data: Path, **values: object) -> Refused:
    return Refused((problem(code, Stage.CONFIGURE, {"folder": data.resolve(), **values}),))
