"""kill -9 in the middle of the main job: nothing lost, reordered or overlapped, and work goes on within seconds."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
import redis

from bus.delivery import State
from bus.demo import DemoSize
from tests.acceptance.person import decide
from tests.acceptance.running_bus import Bus

pytestmark = pytest.mark.timeout(240)

SIZE = DemoSize(counter=25, facade=12, online=8, steps=3)


def test_kill_worker_and_queue_server(tmp_path: Path) -> None:
    """Given the demo under way, when worker and queue server are killed twice each, then every accepted item
    arrives once and in order; what nobody can know waits for a person, who decides by what the portal has."""
    bus = Bus.start(tmp_path, SIZE, LIENTHONG_QUEUE__LEASE_S="20")
    try:
        resumed = [_kill_worker(bus), _kill_queue(bus), _kill_worker(bus), _kill_queue(bus)]
        _finish(bus)
        verdict = bus.demo.verdict()
        assert (verdict.lost, verdict.reordered, verdict.overlapped, verdict.wrong) == (0, 0, 0, 0), verdict.findings
        assert verdict.duplicates == 0, verdict.findings
        assert verdict.accepted > 100
        assert max(resumed) < 15, f"seconds until something moved again: {resumed}"
    finally:
        bus.stop()


def _kill_worker(bus: Bus) -> float:
    _until_moving(bus)
    os.kill(int(bus.demo.pid_file("worker-1").read_text()), signal.SIGKILL)
    return _until_moving(bus)


def _kill_queue(bus: Bus) -> float:
    _until_moving(bus)
    server = redis.Redis.from_url(bus.queue_url())
    os.kill(int(server.info("server")["process_id"]), signal.SIGKILL)
    return _until_moving(bus)


def _until_moving(bus: Bus) -> float:
    """Seconds until one more delivery is done."""
    began, before = time.monotonic(), bus.journal.counts()[State.DELIVERED]
    while bus.journal.counts()[State.DELIVERED] <= before:
        assert time.monotonic() - began < 60, bus.journal.counts()
        time.sleep(0.05)
    return time.monotonic() - began


def _finish(bus: Bus) -> None:
    """Waits for the end, deciding as a person would about each delivery of which nobody knows."""
    for _ in range(200):
        for progress in bus.demo.watch(bus.journal, timeout_s=150, every_s=0.2):
            open_only_behind_parked = progress.states[State.PARKED] and not progress.senders_busy
            if open_only_behind_parked and not _working(progress.states):
                break
        if not decide(bus, about=frozenset({"LT-DLV-003"})):
            break
    counts = bus.journal.counts()
    assert sum(n for state, n in counts.items() if not state.final) == 0, counts


def _working(states: dict[State, int]) -> bool:
    return any(states[s] for s in (State.READY, State.SENDING, State.WAITING, State.UNCLEAR))
