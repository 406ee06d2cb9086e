"""kill -9 in the middle of the main job: nothing lost, reordered or overlapped, and work goes on within seconds."""

from __future__ import annotations

import base64
import os
import re
import signal
import time
from pathlib import Path

import pytest
import redis

from bus.delivery import State
from bus.demo import DemoSize
from bus.records import Act, Action, Query
from bus.simulators.ledger import Event, Line, read_ledgers
from tests.acceptance.running_bus import Bus

pytestmark = [pytest.mark.xdist_group("acceptance-kill"), pytest.mark.timeout(240)]

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
        if not _decide(bus):
            break
    counts = bus.journal.counts()
    assert sum(n for state, n in counts.items() if not state.final) == 0, counts


def _working(states: dict[State, int]) -> bool:
    return any(states[s] for s in (State.READY, State.SENDING, State.WAITING, State.UNCLEAR))


def _decide(bus: Bus) -> int:
    """Looks into the receivers' own ledgers: there → cancelled with a reason, not there → released."""
    parked = [f for f in bus.journal.find(Query(state=State.PARKED, limit=500)) if f.delivery is not None]
    taken = [
        line
        for line in read_ledgers(*(bus.demo.folder / "ledgers").glob("*.jsonl"))
        if line.event is Event.RECEIVED and line.committed and line.item is not None
    ]
    for found in parked:
        assert found.delivery is not None
        assert found.delivery.problem_code == "LT-DLV-003", found
        content = bus.journal.body(found.envelope.id, "content")
        sent = _readable(content.body.decode()) if content is not None else ""
        there = any(_is_there(line, _LEDGERS[found.delivery.endpoint], found.envelope.kind, sent) for line in taken)
        act = Act.CANCEL if there else Act.RELEASE
        acted = bus.act(Action(act, found.delivery.id, "người trực", "đã đối chiếu với sổ của bên nhận"))
        assert acted.done, acted
    return len(parked)


_LEDGERS = {"cong_dvcqg": "portal", "gplx_dlms": "dlms"}


def _is_there(line: Line, who: str, kind: str, sent: str) -> bool:
    """By the mark of the step or file where it bears one, else by its dossier: a result or a dossier comes once."""
    item = line.item
    if item is None or line.who != who or item.kind != kind:
        return False
    text = item.content.get("text", "")
    return text in sent if text else item.dossier in sent


def _readable(sent: str) -> str:
    """What was sent, and the files inside it."""
    files = (base64.b64decode(part) for part in re.findall(r"(?:[A-Za-z0-9+/]{4}){20,}(?:[A-Za-z0-9+/]{2,3}=+)?", sent))
    return sent + "".join(file.decode("utf-8", "replace") for file in files)
