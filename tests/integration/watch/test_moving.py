"""Liveness by progress, against real processes: it cries when nothing moves, and only then."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from bus.clock import SystemClock
from bus.delivery import State
from bus.feeder import Feeder
from bus.queue import RedisQueue
from bus.records import EndpointOrder
from bus.watch.liveness import Condition, Limits, Verdict
from bus.watch.watchman import Watchman
from tests.integration.worker.bench import (
    Partner,
    accept,
    fresh_journal,
    fresh_queue,
    partner,
    queue_server,
    until,
    until_state,
)

ROOT = Path(__file__).parents[3]
LIMITS = Limits(still_s=1.5, silent_s=1.0, lost_s=1.0, endpoint_s=60.0)
SOON_S = 30.0


@pytest.fixture
def there() -> Iterator[Partner]:
    """A partner that takes everything."""
    with partner() as made:
        yield made


class Post:
    """A watch over one endpoint, "e", as a door would keep it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.queue = fresh_queue()
        self.journal = fresh_journal(folder)
        self.feeder = Feeder(self.journal, self.queue)
        self.feeder.heal()
        self.man = Watchman(
            self.journal, self.queue, feeder=self.feeder, clock=SystemClock(), endpoints=("e",),
            is_open=lambda name, at: True, limits=LIMITS, every_s=0.1,
        )  # fmt: skip
        self.man.start()

    def verdict(self) -> Verdict:
        """The last one."""
        return self.man.latest().verdict

    def until(self, condition: Condition, seconds: float = SOON_S) -> Verdict:
        """Waits for it to be seen."""
        end = time.monotonic() + seconds
        while (said := self.verdict()).condition is not condition:
            assert time.monotonic() < end, (said, self.man.latest().facts)
            time.sleep(0.05)
        return said

    def never_cries(self, seconds: float) -> None:
        """Nobody is called meanwhile."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.verdict().healthy, self.verdict()
            time.sleep(0.05)

    def accept(self, *codes: str) -> list[str]:
        """Accepted, and the queue told."""
        ids = accept(self.journal, *codes)
        self.feeder.doubt()
        until(self.feeder.heal)
        return ids


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    """Watching."""
    made = Post(tmp_path)
    yield made
    made.man.stop()
    made.queue.close()
    made.journal.close()


@contextmanager
def worker(post: Post, address: str, *, name: str = "w1", mode: str = "works") -> Iterator[subprocess.Popen[bytes]]:
    """A worker process that has said that it lives."""
    journal = f"sqlite:///{post.folder / 'journal.sqlite'}"
    command = [sys.executable, "-m", "tests.integration.watch.child", journal, queue_server().url, address, name, mode]
    child = subprocess.Popen(command, cwd=ROOT)
    try:
        until(lambda: any(pulse.worker == name for pulse in post.journal.pulses()), 30)
        yield child
    finally:
        os.kill(child.pid, signal.SIGCONT)
        child.kill()
        child.wait()


def test_frozen_worker_is_noticed(post: Post, there: Partner, caplog: pytest.LogCaptureFixture) -> None:
    """SIGSTOP: work is due and the worker says nothing. One ERROR line; when it wakes it moves again, one INFO line."""
    caplog.set_level(logging.INFO, "lienthong.watch")
    with worker(post, there.address) as child:
        until_state(post.journal, post.accept("TN1"), State.DELIVERED)
        assert post.verdict().healthy
        os.kill(child.pid, signal.SIGSTOP)
        ids = post.accept("TN2", "TN3")
        said = post.until(Condition.SILENT)
        assert "w1" in said.vi
        assert said.problem is not None
        assert said.problem.code == "LT-WCH-002"
        time.sleep(1)  # it is not told again and again
        os.kill(child.pid, signal.SIGCONT)
        until_state(post.journal, ids, State.DELIVERED)
        post.until(Condition.IDLE)
    levels = [record.levelno for record in caplog.records if record.name == "lienthong.watch"]
    assert levels.count(logging.INFO) == 1
    assert levels[-1] == logging.INFO
    assert 1 <= levels.count(logging.ERROR) <= 2  # at most once more: from wedged to silent


def test_wedged_worker_is_noticed(post: Post, there: Partner) -> None:
    """Alive, prolonging its leases, and finishing nothing: that is told apart from one that is frozen."""
    with worker(post, there.address, mode="wedged"):
        post.accept(*(f"TN{n}" for n in range(6)))
        said = post.until(Condition.WEDGED)
        assert said.problem is not None
        assert said.problem.code == "LT-WCH-003"


def test_no_worker_is_noticed(post: Post) -> None:
    """Nobody there at all."""
    post.accept("TN1")
    assert post.until(Condition.NO_WORKER).problem is not None


def test_lost_lanes_are_noticed_and_mended(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    """The journal has a ready delivery that the queue does not know: told, and put back from the journal."""
    post.accept("TN1", "TN2")
    with redis.Redis.from_url(queue_server().url, decode_responses=True) as server:
        for key in server.scan_iter("lt:{0}:l:*"):
            server.delete(key)
        server.delete("lt:{0}:m", "lt:{0}:r:e", "lt:{0}:act")
    assert post.queue.stats().queued == 0
    post.until(Condition.LOST)
    until(lambda: post.feeder.heal() and post.queue.stats().queued == 2, SOON_S)
    assert any("LT-WCH-004" in record.getMessage() for record in caplog.records)


def test_a_paused_endpoint_is_no_alarm(post: Post, there: Partner) -> None:
    """Everything due belongs to an endpoint that a person paused: a condition of its own, and nobody is called."""
    with worker(post, there.address):
        post.journal.order(EndpointOrder("e", "an", "bảo trì", paused=True)).result(10)
        until(post.feeder.heal)
        post.accept("TN1")
        said = post.until(Condition.RESTING)
        assert "e (tạm dừng)" in said.vi
        post.never_cries(2.5)
        post.journal.order(EndpointOrder("e", "an", "xong")).result(10)
        until(post.feeder.heal)
        post.until(Condition.IDLE)


def test_a_broken_endpoint_is_no_alarm(post: Post) -> None:
    """Everything due belongs to an endpoint that does not answer: its breaker is open, the worker is well."""
    with socket.socket() as taken:  # a port where nobody listens
        taken.bind(("127.0.0.1", 0))
        with worker(post, f"http://127.0.0.1:{taken.getsockname()[1]}/Service.asmx"):
            post.accept(*(f"TN{n}" for n in range(5)))
            said = post.until(Condition.RESTING)
            assert "không trả lời" in said.vi
            post.never_cries(2.5)


def test_a_quiet_night_is_no_alarm(post: Post, there: Partner) -> None:
    """Nothing came for long: nothing is wrong; and the first message of the morning is no alarm either."""
    with worker(post, there.address):
        until_state(post.journal, post.accept("TN1"), State.DELIVERED)
        post.never_cries(2.5)
        assert post.verdict().condition is Condition.IDLE
        until_state(post.journal, post.accept("TN2"), State.DELIVERED)
        post.never_cries(0.5)


def test_queue_away(post: Post, there: Partner) -> None:
    """A queue that is away is named once something has waited for it too long."""
    post.accept("TN1")
    away = RedisQueue(f"unix://{post.folder}/nobody.sock")
    man = Watchman(
        post.journal, away, feeder=None, clock=SystemClock(), endpoints=("e",), is_open=lambda name, at: True,
        limits=LIMITS, every_s=0.1,
    )  # fmt: skip
    assert man.look().verdict.healthy
    time.sleep(LIMITS.still_s)
    assert man.look().verdict.condition is Condition.QUEUE_AWAY
    away.close()


def test_journal_away(tmp_path: Path) -> None:
    """Nothing is guessed where the journal cannot be read."""

    class Away:
        """Cannot be read."""

        def __getattr__(self, name: str) -> object:
            from bus.ports import JournalUnavailable

            raise JournalUnavailable("away")

    man = Watchman(
        Away(), fresh_queue(), feeder=None, clock=SystemClock(), endpoints=("e",),  # type: ignore[arg-type]  # a stub
        is_open=lambda name, at: True, limits=LIMITS, every_s=0.1,
    )  # fmt: skip
    assert man.look().verdict.condition is Condition.JOURNAL_AWAY
