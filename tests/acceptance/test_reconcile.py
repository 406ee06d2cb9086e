"""Reconciliation against real processes: every kind of difference is found, and survives kill -9 in the middle."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bus.delivery import State
from bus.journal import SqlJournal
from bus.records import Act, Action
from tests.acceptance.running_bus import Bus
from tests.integration.cli.running import run

pytestmark = pytest.mark.timeout(240)

LICENCE = "TN02"


class World:
    """A running bus whose portal and office were made to differ, one dossier for each way."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus

    def ran(self, *arguments: str) -> tuple[int, list[Any]]:
        """`lienthong reconcile … --json`."""
        ran = run("reconcile", *arguments, "--json", "--rate", "200", env=self.bus.demo.bus_environment())
        return ran.code, ran.lines()

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """The same, slowly, not waited for."""
        return subprocess.Popen(
            [sys.executable, "-m", "bus.cli", "reconcile", *arguments, "--json"],
            env=self.bus.demo.bus_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def portal(self, action: str, code: str, **given: object) -> None:
        """One of the portal's controls for one dossier."""
        self.bus.demo.control("portal", action, {"dossier": self.bus.portal_code(code), **given})

    def delivered(self, code: str, *steps: tuple[int, int], kind: str = "TN01") -> None:
        """A dossier with its steps, all delivered. A step is (status now, status then) in the desk's words."""
        assert self.bus.push(code, kind=kind).startswith("0")
        self.bus.until(code, "ho_so", State.DELIVERED)
        for number, (now, then) in enumerate(steps, start=1):
            assert self.bus.step(code, number, now=now, then=then).startswith("0")
            self.bus.until(code, "tien_do", State.DELIVERED)

    def make(self) -> None:
        """One dossier for each kind of difference."""
        bus = self.bus
        for code in ("DS-BANG", "DS-MAT", "DS-CAM"):
            self.delivered(code, (1, 15))
        self.portal("lose", "DS-MAT")
        self.delivered("DS-CHAM", (1, 15), (15, 6))
        self.portal("alter", "DS-CHAM", TrangThaiHoSo="4")
        self.delivered("DS-TRUOC", (1, 15))
        self.portal("alter", "DS-TRUOC", TrangThaiHoSo="10")
        self.delivered("DS-KHAC", (1, 15))
        self.portal("alter", "DS-KHAC", NgayHenTra="20260801170000")
        for code, switch, then in (
            ("DS-DANHAN", "drop_after_commit", 15), ("DS-CHUANHAN", "html_rate", 15), ("DS-MO", "html_rate", 1),
        ):  # fmt: skip
            self.delivered(code)
            bus.portal(**{switch: 1.0})
            assert bus.step(code, 1, now=1, then=then).startswith("0")
            bus.until(code, "tien_do", State.PARKED)
            bus.portal(**{switch: 0.0})
        bus.portal(error_rate=1.0)
        assert bus.push("DS-TATHIEU").startswith("0")
        waiting = bus.until("DS-TATHIEU", "ho_so", State.WAITING).deliveries[0]
        assert bus.act(Action(Act.CANCEL, waiting.id, "nguyen.an", "nộp nhầm")).done
        bus.portal(error_rate=0.0)
        self.portal("alter", "DS-TATHIEU", TrangThaiHoSo="2")
        self.portal("mute", "DS-CAM")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A bus with idle senders, and differences of every kind."""
    bus = Bus.start(tmp_path_factory.mktemp("reconcile"))
    try:
        bus.portal(error_rate=0.0, latency_ms=0.0, duplicate=0.0)
        made = World(bus)
        made.make()
        yield made
    finally:
        bus.stop()


EXPECTED = {
    "DS-MAT": ("missing-there", ["replay", "replay"]),
    "DS-CHAM": ("status-behind", ["replay"]),
    "DS-TRUOC": ("status-ahead", []),
    "DS-KHAC": ("other-content", []),
    "DS-DANHAN": ("unclear-taken", ["settle"]),
    "DS-CHUANHAN": ("unclear-not-taken", ["release"]),
    "DS-MO": ("not-askable", []),
    "DS-TATHIEU": ("missing-here", []),
    "DS-CAM": ("not-answered", []),
}


def findings(lines: list[Any]) -> dict[str, tuple[str, list[str]]]:
    """By the department's code: the difference, and what is proposed."""
    return {
        line["own_code"]: (line["difference"], [one["act"] for one in line["repairs"]])
        for line in lines
        if "difference" in line
    }


def test_every_difference_is_found(world: World) -> None:
    """Each dossier that was made to differ is told with its kind and proposal, the equal one is not; what got no
    answer makes the run incomplete, and is asked again on resuming."""
    code, lines = world.ran("--since", "1h")
    assert findings(lines) == EXPECTED
    assert (code, lines[-1]["progress"], lines[-1]["not_answered"]) == (3, "incomplete", 1)
    assert lines[-1]["counts"]["cong_dvcqg"]["equal"] == 1
    assert lines[-1]["counts"]["from:mot_cua_cmon"] == {"not-askable": 10}
    assert all(line["reason"] and line["who_acts"] for line in lines[:-1])
    world.portal("mute", "DS-CAM", on=False)
    try:
        code, again = world.ran("--resume", lines[-1]["reconciliation"])
    finally:
        world.portal("mute", "DS-CAM")
    assert (code, again[-1]["progress"], again[-1]["counts"]["cong_dvcqg"]["equal"]) == (1, "done", 2)
    assert findings(again) == {code: told for code, told in EXPECTED.items() if code != "DS-CAM"}


def test_one_dossier(world: World) -> None:
    """By any code, whatever the span: equal is exit code 0, a difference is 1."""
    assert world.ran("--dossier", "DS-BANG")[0] == 0
    assert world.ran("--dossier", world.bus.portal_code("DS-MAT"))[0] == 1


def test_killed_in_the_middle(world: World, tmp_path: Path) -> None:
    """After kill -9 a run goes on where it was, asks nobody twice for nothing, and its report is the one an
    undisturbed run gives."""
    whole = tmp_path / "whole.csv"
    world.ran("--since", "1h", "--report", str(whole))
    before = len(world.bus.journal.reconciliations(limit=200))
    process = world.start("--since", "1h", "--rate", "4", "--parallel", "1")
    run_id = _at_least(world.bus.journal, before, done=3)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    killed = world.bus.journal.reconciliation(run_id)
    assert killed is not None
    assert 3 <= killed.done < killed.total
    again = tmp_path / "again.csv"
    code, lines = world.ran("--resume", run_id, "--report", str(again))
    assert (code, lines[-1]["done"]) == (3, killed.total)
    assert again.read_bytes() == whole.read_bytes()
    with again.open(encoding="utf-8-sig", newline="") as text:
        rows = list(csv.reader(text))
    assert len(rows) == 1 + len(EXPECTED)


def _at_least(journal: SqlJournal, before: int, *, done: int) -> str:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        runs = journal.reconciliations(limit=200)
        if len(runs) > before and runs[0].done >= done:
            return runs[0].id
        time.sleep(0.05)
    raise AssertionError("the run did not begin")


def test_stopped_in_order(world: World) -> None:
    """Ctrl-C ends it between two dossiers: no trace, incomplete, and what was compared is on record."""
    before = len(world.bus.journal.reconciliations(limit=200))
    process = world.start("--since", "1h", "--rate", "2", "--parallel", "1")
    run_id = _at_least(world.bus.journal, before, done=1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, b"Traceback" in err) == (3, False), err.decode()
    assert json.loads(out.splitlines()[-1])["progress"] == "running"
    stopped = world.bus.journal.reconciliation(run_id)
    assert stopped is not None
    assert 1 <= stopped.done < stopped.total


def test_paused_endpoint_is_left_alone(world: World) -> None:
    """An endpoint a person paused is not asked: the run waits, then ends incomplete, and says why."""
    environment = world.bus.demo.bus_environment()
    for act, code in (("pause", 3), ("resume", 0)):
        assert run("endpoint", act, "cong_dvcqg", "--why", "bảo trì", env=environment).code == 0
        calls = world.bus.demo.portal_counts()
        ended, _ = world.ran("--dossier", "DS-BANG", "--patience", "1")
        assert ended == code
        if act == "pause":
            assert world.bus.demo.portal_counts() == calls


def test_proposals_become_a_plan_only_after_a_yes(world: World) -> None:
    """`--apply` writes the acts down and does none of them; carried out, the plan mends all that needs no person:
    what was lost arrives again, in order, what was unclear is settled or sent."""
    world.portal("mute", "DS-CAM", on=False)
    _, before = world.ran("--since", "1h")
    run_id = before[-1]["reconciliation"]
    assert world.ran("--resume", run_id, "--apply", "--why", "cổng mất dữ liệu")[1][-1]["acts"] == 5
    code, again = world.ran("--resume", run_id, "--apply", "--why", "lần hai")
    assert (code, again[-1]["problems"][0]["code"]) == (1, "LT-REC-006"), "the same repair twice would be sent twice"
    assert findings(world.ran("--since", "1h")[1]) == findings(before)
    (plan,) = world.bus.journal.plans(limit=1)
    done = run("plan", "resume", plan.id, env=world.bus.demo.bus_environment())
    assert done.code == 0, done
    world.bus.until("DS-MAT", "tien_do", State.DELIVERED)
    world.bus.until("DS-CHAM", "tien_do", State.DELIVERED)
    world.bus.until("DS-CHUANHAN", "tien_do", State.DELIVERED)
    after = findings(world.ran("--since", "1h")[1])
    assert set(after) == {"DS-TRUOC", "DS-KHAC", "DS-MO", "DS-TATHIEU"}
