"""The line of processes that wait to write one SQLite file: in turn, and round whoever was stopped in it."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from bus.journal import SqlJournal, open_journal
from bus.journal.dialect.line import SILENT_S, Line
from bus.records import ItemStatus
from tests.contract.journal_world import acceptance, item

_WAITER = """
import sys
from bus.journal.dialect import open_engines
with open_engines(f"sqlite:///{sys.argv[1]}").writer.begin():
    pass
"""


class Waits:
    """A clock that only sleeping moves; others may do something at each look."""

    def __init__(self) -> None:
        self.slept_s = 0.0
        self.others: list[Callable[[], None]] = []

    def now(self) -> float:
        return self.slept_s

    def sleep(self, seconds: float) -> None:
        self.slept_s += seconds
        for other in self.others:
            other()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Of the first place."""
    return tmp_path / "j.sqlite-turn"


def line(path: Path, waits: Waits, *, wait_s: float = 60.0) -> Line:
    """A process's own view."""
    return Line(path, wait_s=wait_s, now=waits.now, sleep=waits.sleep)


def test_whoever_is_awake_is_waited_for(path: Path) -> None:
    """As long as it looks, nobody passes it, however long it takes."""
    waits = Waits()
    with ExitStack() as there:
        waits.others.append(there.enter_context(line(path, Waits()).first()))
        gone = 20 * SILENT_S
        waits.others.append(lambda: there.close() if waits.slept_s > gone else None)
        with line(path, waits).first():
            assert waits.slept_s > gone


def test_whoever_was_stopped_is_waited_for_once(path: Path) -> None:
    """The first transaction finds it silent; for the later ones it is known, and costs nothing."""
    waits = Waits()
    with line(path, Waits()).first():
        ours = line(path, waits)
        with ours.first():
            first_s = waits.slept_s
        for _ in range(5):
            with ours.first():
                pass
    assert SILENT_S < first_s < 2 * SILENT_S
    assert waits.slept_s == first_s


def test_behind_a_stopped_one_there_is_a_line_too(path: Path) -> None:
    """Those that passed it do not fall over each other: one of them is first, the others wait for it."""
    waits = Waits()
    with line(path, Waits()).first(), ExitStack() as there:
        waits.others.append(there.enter_context(line(path, Waits()).first()))
        gone = 20 * SILENT_S
        waits.others.append(lambda: there.close() if waits.slept_s > gone else None)
        with line(path, waits).first():
            assert waits.slept_s > gone


def test_when_the_stopped_one_has_gone_there_is_one_line_again(path: Path) -> None:
    """Whoever is first behind it takes its place too: nobody who comes then is quicker."""
    waits = Waits()
    with ExitStack() as stopped:
        stopped.enter_context(line(path, Waits()).first())
        with line(path, Waits()).first() as awake:
            stopped.close()
            awake()
            waits.others.append(awake)
            with line(path, waits, wait_s=SILENT_S * 5).first():
                assert waits.slept_s > SILENT_S * 5  # not let in before it gave up


def test_nobody_waits_for_ever(path: Path) -> None:
    """Three that were stopped, each in its place: then without a line."""
    waits = Waits()
    with ExitStack() as stopped:
        for _ in range(3):
            stopped.enter_context(line(path, Waits()).first())
        stopped.enter_context(line(path, waits).first())
        assert waits.slept_s < 6 * SILENT_S


@contextmanager
def stopped_in_line(journal: Path) -> Iterator[None]:
    """A process that waits to write, and is stopped there."""
    with closing(sqlite3.connect(journal, isolation_level=None)) as writing:
        writing.execute("BEGIN IMMEDIATE")
        waiter = subprocess.Popen([sys.executable, "-c", _WAITER, str(journal)])
        try:
            mark = Path(f"{journal}-turn")
            before = mark.read_bytes()
            while mark.read_bytes() == before:
                assert waiter.poll() is None
                time.sleep(0.01)
            os.kill(waiter.pid, signal.SIGSTOP)
            writing.execute("ROLLBACK")
            yield
            os.kill(waiter.pid, signal.SIGCONT)
            assert waiter.wait(30) == 0
        finally:
            waiter.kill()
            waiter.wait()


def test_a_frozen_process_holds_up_nobody(tmp_path: Path) -> None:
    """SIGSTOP in the line: the others write on as if it were not there, and it writes when it wakes."""
    path = tmp_path / "j.sqlite"
    journal: SqlJournal = open_journal(f"sqlite:///{path}")
    with closing(journal), stopped_in_line(path):
        began = time.monotonic()
        for number in range(10):
            assert journal.accept(acceptance(item(f"TN{number}"))).result(10)[0].status is ItemStatus.ACCEPTED
        assert time.monotonic() - began < 10, "each of them waited for it: that was two seconds for each"
