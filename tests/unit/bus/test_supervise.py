"""Child processes are kept alive, whatever breaks around them, and end together. Real processes."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any  # Any: as in Path.open

import pytest

from bus.supervise import Role, Supervisor

SLEEP = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable, "-S", "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('x', flush=True); time.sleep(60)",
]  # fmt: skip
Start = Callable[..., Supervisor]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts supervisors and ends them after the test."""
    started: list[Supervisor] = []

    def one(*roles: Role, on_death: Callable[[Role, int, int], None] | None = None) -> Supervisor:
        made = Supervisor(roles, on_death=on_death)
        started.append(made)
        made.start()
        return made

    yield one
    for each in started:
        each.stop(patience_s=1)


def until(what: Callable[[], object], seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.01)
    return False


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def role(name: str, command: Sequence[str], **more: object) -> Role:
    return Role(name, lambda number: command, **more)  # type: ignore[arg-type]  # test's shorthand


def test_what_dies_starts_again_and_its_death_is_told(start: Start, tmp_path: Path) -> None:
    """With the number of the start and the process that died; the process id on file is the new one."""
    told: list[tuple[str, int, int]] = []
    file = tmp_path / "a.pid"
    made = start(role("a", SLEEP, pid_file=file), on_death=lambda r, n, pid: told.append((r.name, n, pid)))
    assert until(lambda: made.pid("a"))
    first = made.pid("a") or 0
    os.kill(first, signal.SIGKILL)
    assert until(lambda: made.pid("a") not in (None, first))
    assert told == [("a", 1, first)]
    assert until(lambda: file.read_text() == f"{made.pid('a')}\n")


def test_a_death_notice_that_breaks_does_not_stop_the_restart(start: Start) -> None:
    """The stores may be away just then."""

    def broken(of: Role, number: int, pid: int) -> None:
        raise RuntimeError("the journal is away")

    made = start(role("a", SLEEP), on_death=broken)
    assert until(lambda: made.pid("a"))
    first = made.pid("a") or 0
    os.kill(first, signal.SIGKILL)
    assert until(lambda: made.pid("a") not in (None, first))


def test_what_cannot_be_started_is_tried_again(start: Start, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A missing program, a command that breaks, a pid file that cannot be written: none ends the keeping."""
    commands = iter([["/khong/co"], None, SLEEP])

    def command(number: int) -> Sequence[str]:
        found = next(commands)
        if found is None:
            raise ValueError("no name left")
        return found

    made = start(Role("a", command, pid_file=tmp_path / "no" / "folder" / "a.pid"))
    assert until(lambda: made.pid("a"))
    assert "could not be started (FileNotFoundError)" in caplog.text
    assert "could not be started (ValueError)" in caplog.text


def test_what_crashes_at_once_is_started_ever_more_slowly_and_says_where_to_look(
    start: Start, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """No fork bomb, and a line that helps."""
    starts: list[float] = []

    def command(number: int) -> Sequence[str]:
        starts.append(time.monotonic())
        return [sys.executable, "-S", "-c", "raise SystemExit(7)"]

    start(Role("a", command, log=tmp_path / "a.log"))
    assert until(lambda: len(starts) >= 4)
    pauses = [later - sooner for sooner, later in itertools.pairwise(starts)]
    assert pauses[0] < pauses[1] < pauses[2]
    assert "a ended with 7, starts again in 0.4 s (start 2)" in caplog.text
    assert str(tmp_path / "a.log") in caplog.text


def test_all_end_together_also_who_does_not_listen(start: Start, tmp_path: Path) -> None:
    """Asked first, then made to."""
    log = tmp_path / "b.log"
    made = start(role("a", SLEEP), role("b", STUBBORN, log=log))
    assert until(lambda: made.pid("a") and made.pid("b") and log.read_text())
    pids = [made.pid("a") or 0, made.pid("b") or 0]
    began = time.monotonic()
    made.stop(patience_s=0.5)
    assert time.monotonic() - began < 5
    assert until(lambda: not any(alive(pid) for pid in pids), 2)
    assert made.pid("a") is None


class SlowLog:
    """A log file whose second opening takes its time."""

    def __init__(self, file: Path) -> None:
        self._file, self._opened = file, 0
        self.entered, self.go = threading.Event(), threading.Event()

    def open(self, mode: str) -> IO[Any]:
        """As Path.open."""
        self._opened += 1
        if self._opened > 1:
            self.entered.set()
            self.go.wait(5)
        return self._file.open(mode)


def test_nothing_is_started_behind_the_back_of_the_end(start: Start, tmp_path: Path) -> None:
    """A role that was about to start when the end was asked for stays down, and nobody waits for it."""
    log = SlowLog(tmp_path / "a.log")
    commands: list[int] = []

    def command(number: int) -> Sequence[str]:
        commands.append(number)
        return [sys.executable, "-S", "-c", "raise SystemExit(0)"] if number == 1 else SLEEP

    made = start(Role("a", command, log=log))  # type: ignore[arg-type]  # opened like a path
    assert log.entered.wait(10)
    ending = threading.Thread(target=made.stop, kwargs={"patience_s": 1.0})
    ending.start()
    time.sleep(0.1)
    log.go.set()
    ending.join(5)
    assert not ending.is_alive()
    assert (made.pid("a"), commands) == (None, [1])


def test_children_end_with_their_owner_even_by_kill_9(tmp_path: Path) -> None:
    """No worker is left behind that nobody restarts."""
    file = tmp_path / "a.pid"
    program = (
        "import sys, time; from pathlib import Path; from bus.supervise import Role, Supervisor; "
        "s = Supervisor([Role('a', lambda n: [sys.executable, '-S', '-c', 'import time; time.sleep(60)'], "
        f"pid_file=Path({str(file)!r}))]); s.start(); time.sleep(60)"
    )
    owner = subprocess.Popen([sys.executable, "-c", program])
    try:
        assert until(lambda: file.is_file() and file.read_text().endswith("\n"))
        child = int(file.read_text())
        assert alive(child)
    finally:
        owner.kill()
        owner.wait()
    assert until(lambda: not alive(child), 5)
