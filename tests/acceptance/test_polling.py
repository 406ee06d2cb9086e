"""Fetching with real processes: kill -9 and SIGSTOP of whoever fetches, and every row arrives at the portal, once."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bus.ports import JournalUnavailable
from bus.records import Query
from bus.records.jobs import Job
from tests.acceptance.running_bus import Bus
from tests.integration.cli.running import run_any

pytestmark = pytest.mark.timeout(240)

ROOT = Path(__file__).resolve().parents[2]
NAME = "so_may.DanhSachHoSo"
LEASE_S = 20
ENDPOINT = """
[endpoints.so_may]
system = "mot_cua_rest"
agency = "H99.12"
address = "{address}"
retry = "3s;500;exp(1s..5s);<3d;?16"
[endpoints.so_may.settings]
"DanhSachHoSo.every" = "1s"
"DanhSachHoSo.page" = "10"
"DanhSachBuoc.every" = "off"
"""


@contextmanager
def listing(*options: str) -> Iterator[str]:
    """A partner that waits to be asked; its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bus.simulators", "lists", *options], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip().removeprefix("listening on ")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextmanager
def fetching(tmp_path: Path, address: str, *, processes: int = 2) -> Iterator[Bus]:
    """A bus that fetches from there, with several worker processes."""
    config = tmp_path / "cau-hinh"
    shutil.copytree(ROOT / "config", config)
    partners = config / "partners.toml"
    partners.write_text(partners.read_text(encoding="utf-8") + ENDPOINT.replace("{address}", address), encoding="utf-8")
    bus = Bus.start(
        tmp_path, LIENTHONG_CONFIG=str(config), LIENTHONG_WORKER__PROCESSES=str(processes),
        LIENTHONG_QUEUE__LEASE_S=str(LEASE_S),
    )  # fmt: skip
    bus.portal(error_rate=0.0, latency_ms=0.0, duplicate=0.0)
    try:
        yield bus
    finally:
        bus.stop()


def control(address: str, action: str, **given: object) -> Any:
    request = urllib.request.Request(f"{address}/_sim/{action}", json.dumps(given).encode())
    with urllib.request.urlopen(request, timeout=10) as reply:
        return json.load(reply)


def state(address: str) -> Mapping[str, Any]:
    with urllib.request.urlopen(f"{address}/_sim/state", timeout=10) as reply:
        found: Mapping[str, Any] = json.load(reply)
        return found


def job(bus: Bus) -> Job:
    return next((one for one in bus.journal.jobs() if one.name == NAME), Job(NAME))


def until(what: Callable[[], bool], *, seconds: float = 60) -> float:
    """Seconds until it is so."""
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < seconds, "it never came true"
        time.sleep(0.02)
    return time.monotonic() - began


def owner_pid(bus: Bus) -> int:
    """The process that runs the poll now, or ran it last."""
    role = job(bus).owner.rpartition("-")[0].rpartition("-")[0]
    return int(bus.demo.pid_file(role).read_text())


def working(bus: Bus) -> None:
    """Until somebody is in the middle of a run, and has just taken something."""
    total = job(bus).total
    until(lambda: job(bus).total > total and job(bus).lease_until is not None)


def freeze(bus: Bus) -> tuple[int, Job]:
    """Freezes the owner, but not inside a transaction: on SQLite that would stop everybody, whoever owns what."""
    while True:
        pid, before = owner_pid(bus), job(bus)
        os.kill(pid, signal.SIGSTOP)
        try:
            bus.journal.ping()
            return pid, before
        except JournalUnavailable:
            os.kill(pid, signal.SIGCONT)
            working(bus)


def at_the_portal(bus: Bus) -> int:
    found: int = bus.demo.state("portal")["committed"]
    return found


def test_kill_and_freeze(tmp_path: Path) -> None:
    """Given a slow partner with many rows, when whoever fetches is killed three times in the middle of it and frozen
    once, then every row is accepted and delivered once, and a frozen process that wakes up changes nothing."""
    with listing("--dossiers", "150", "--latency-ms", "500") as address, fetching(tmp_path, address) as bus:
        for _ in range(3):
            working(bus)
            before = job(bus)
            os.kill(owner_pid(bus), signal.SIGKILL)
            until(lambda epoch=before.epoch: job(bus).epoch > epoch)
        working(bus)
        frozen, before = freeze(bus)
        try:
            taken_over = until(lambda: job(bus).epoch > before.epoch, seconds=40)
            until(lambda: job(bus).total >= 150)
        finally:
            os.kill(frozen, signal.SIGCONT)
        assert taken_over < LEASE_S + 5, taken_over
        until(lambda: at_the_portal(bus) >= 150)
        time.sleep(3)
        codes = {
            ids["mot_cua_rest"]
            for one in bus.journal.find(_dossiers())
            if "mot_cua_rest" in (ids := dict(one.envelope.business_ids))
        }
        portal = bus.demo.state("portal")
        assert codes == set(state(address)["codes"])
        assert (job(bus).total, portal["committed"], portal["duplicates"]) == (150, 150, 0)
        assert bus.journal.verify_chain() == ()


def test_a_person_looks_and_orders(tmp_path: Path) -> None:
    """`lienthong poll` shows who fetches what and how far it is; run, pause, resume and reset do what they say."""
    with listing("--dossiers", "5") as address, fetching(tmp_path, address, processes=1) as bus:
        until(lambda: job(bus).total == 5)
        (line,) = _cli(bus, "list", "--json")
        assert (line["poll"], line["total"], line["waiting"], line["failures"]) == (NAME, 5, 0, 0)
        assert line["mark"]
        assert line["lag_s"] > 0
        assert _cli(bus, "pause", NAME, "--why", "bảo trì", "--json")["paused"] is True
        control(address, "add", dossiers=3)
        time.sleep(2.5)
        assert job(bus).total == 5
        _cli(bus, "resume", NAME, "--why", "xong", "--json")
        until(lambda: job(bus).total == 8)
        reset = _cli(bus, "reset", NAME, "--why", "lấy lại từ đầu", "--json")
        assert (reset["mark"], reset["why"]) == ("", "lấy lại từ đầu")
        ran = _cli(bus, "run", NAME, "--why", "thử", "--wait", "--json")
        assert (ran["result"], ran["total"]) == ("done", 8)


def _dossiers() -> Query:
    return Query(kind="ho_so", limit=2000)


def _cli(bus: Bus, *arguments: str) -> Any:
    ran = run_any(("poll", *arguments), env=bus.demo.bus_environment())
    assert ran.code == 0, ran
    return ran.json()
