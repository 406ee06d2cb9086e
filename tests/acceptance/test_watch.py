"""A whole bus under watch: what operators, load balancers and Prometheus see when a worker freezes, a crowd knocks, or
the journal goes away and comes back."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from bus.delivery import State
from tests.acceptance.running_bus import Bus, dossier
from tests.chaos.disk import CannotRun, small_disk
from tests.contract.journal_server import Server
from tests.integration.cli.running import run_any

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
QUICK = {
    "LIENTHONG_WATCH__EVERY_S": "0.5",
    "LIENTHONG_WATCH__STILL_S": "3",
    "LIENTHONG_WATCH__SILENT_S": "2",
    "LIENTHONG_WATCH__LOST_S": "2",
}
BACK_S = 10.0
STRANGERS = 1000


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bus]:
    """A bus whose watch is impatient."""
    running = Bus.start(tmp_path_factory.mktemp("watched"), **QUICK)
    running.portal(error_rate=0.0, latency_ms=0.0, duplicate=0.0)
    yield running
    running.stop()


def get(bus: Bus, path: str) -> tuple[int, str]:
    """Status and text of one page."""
    try:
        with urllib.request.urlopen(f"{bus.demo.addresses['door']}{path}", timeout=20) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def health(bus: Bus) -> dict[str, Any]:
    """What /health says, with its status."""
    status, text = get(bus, "/health")
    return {"status": status, **json.loads(text)}


def until(what: Callable[[], bool], seconds: float) -> float:
    """Waits; says how long."""
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < seconds, "it did not come to be in time"
        time.sleep(0.2)
    return time.monotonic() - began


def command(bus: Bus, *words: str) -> tuple[int, str]:
    """One `lienthong` command on this bus."""
    ran = run_any(words, env={**os.environ, **bus.demo.bus_environment()})
    return ran.code, ran.out


def push(bus: Bus, code: str) -> str:
    """errCode of one dossier pushed, or the fault's code: in the partner's own protocol, whatever happens."""
    secret = bus.secrets["LIENTHONG_CMON_PASSWORD"]
    body = (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        '<n:pushDocument xmlns:n="http://hoso.provider.exch.sharedservice.dtt.vn/"><arg0>'
        f"<password>{secret}</password><userName>motcua.demo</userName>{dossier(code)}</arg0></n:pushDocument>"
        "</soap:Body></soap:Envelope>"
    )
    status, reply = bus.post("/mot_cua_cmon", body.encode(), {"content-type": "text/xml; charset=utf-8"})
    found = re.search(rb"<errCode>(\d+)</errCode>", reply) or re.search(rb"<faultcode>(.*?)</faultcode>", reply)
    assert found, (status, reply[:500])
    return found[1].decode()


def test_a_frozen_worker_is_seen_everywhere(watched: Bus) -> None:
    """Health, console, doctor, metrics and log say that nothing moves, and what to do; and that it moves again."""
    assert watched.push("FROZEN-1") == "0"
    watched.until("FROZEN-1", "ho_so", State.DELIVERED)
    assert health(watched)["status"] == 200
    data = watched.demo.folder / "data"
    pid = int((data / "run" / "worker-1.pid").read_text())
    os.kill(pid, signal.SIGSTOP)
    try:
        assert watched.push("FROZEN-2") == "0"
        until(lambda: health(watched)["status"] == 503, 20)
        said = health(watched)
        assert (said["healthy"], said["ready"]) == (False, True)
        until(lambda: health(watched)["condition"] == "silent", 10)
        said = health(watched)
        assert said["code"] == "LT-WCH-002"
        assert "kill -9" in said["do_vi"]
        assert get(watched, "/ready")[0] == 200  # messages are taken all the same
        assert "LT-WCH-002" in get(watched, "/console")[1]
        assert 'lienthong_condition{condition="silent"} 1.0' in get(watched, "/metrics")[1]
        code, told = command(watched, "doctor", "--quick", "--json")
        assert code == 1
        assert "LT-WCH-002" in {one["code"] for one in json.loads(told)["findings"]}
    finally:
        os.kill(pid, signal.SIGCONT)
    watched.until("FROZEN-2", "ho_so", State.DELIVERED)
    until(lambda: health(watched)["status"] == 200, 10)
    log = (data / "run" / "door.log").read_text()
    assert log.count("ERROR lienthong.watch") <= 2
    assert log.count("INFO lienthong.watch moves again") == 1


def test_a_thousand_idle_connections_of_one_stranger(watched: Bus) -> None:
    """They used to make the door answer 503, health included, for half a minute."""
    port = int(watched.demo.addresses["door"].rpartition(":")[2])
    with ExitStack() as stack:
        for _ in range(STRANGERS):
            line = socket.create_connection(("127.0.0.1", port), timeout=10, source_address=("127.0.0.2", 0))
            stack.enter_context(line)
        began = time.monotonic()
        assert get(watched, "/health/live")[0] == 200
        assert get(watched, "/health")[0] == 200
        assert watched.push("CROWD-1") == "0"
        assert time.monotonic() - began < 5
        assert "lienthong_door_turned_away_total" in get(watched, "/metrics")[1]


def test_stuck_is_listed_with_the_command_to_type(watched: Bus) -> None:
    """Nothing is stuck; then a delivery waits behind a paused door of the worker: `lienthong stuck` names it."""
    assert command(watched, "stuck", "--json")[0] == 0
    data = watched.demo.folder / "data"
    pid = int((data / "run" / "worker-1.pid").read_text())
    os.kill(pid, signal.SIGSTOP)
    try:
        assert watched.push("STUCK-1") == "0"
        environment = {**watched.demo.bus_environment(), "LIENTHONG_WATCH__READY_S": "1"}
        time.sleep(1.5)
        ran = run_any(("stuck", "--json"), env={**os.environ, **environment})
    finally:
        os.kill(pid, signal.SIGCONT)
    assert ran.code == 1
    (line,) = ran.json()["stuck"]
    assert (line["reason"], line["endpoint"], line["command"]) == ("ready", "cong_dvcqg", "lienthong doctor")
    watched.until("STUCK-1", "ho_so", State.DELIVERED)


def refused_then_back(bus: Bus, gone: str, back: Callable[[], None]) -> None:
    """The journal is away now: every caller is told to come again, nothing is half-accepted, health says so; `back`
    brings it back, and within ten seconds everything goes on."""
    assert push(bus, gone) == "9"  # CMON's word for "come again"
    status, text = get(bus, "/health/ready")
    assert status == 503
    assert json.loads(text)["ready"] is False
    said = health(bus)
    assert (said["status"], said["ready"], said["code"]) == (503, False, "LT-WCH-007")
    assert "gửi lại" in said["vi"]
    assert "send again" in said["en"]
    assert get(bus, "/metrics")[0] == 200
    assert get(bus, "/health/live")[0] == 200
    back()
    assert until(lambda: get(bus, "/health/ready")[0] == 200, 30) < BACK_S
    assert until(lambda: push(bus, gone) == "0", 30) < BACK_S
    bus.until(gone, "ho_so", State.DELIVERED)
    until(lambda: health(bus)["status"] == 200, 15)
    assert bus.journal.survey(()).difference == 0
    assert bus.journal.verify_chain() == ()


def test_the_journals_folder_is_moved_away_and_back(watched: Bus) -> None:
    """SQLite would go on writing into the void: the door refuses instead."""
    assert watched.push("MOVED-0") == "0"
    watched.until("MOVED-0", "ho_so", State.DELIVERED)
    data = watched.demo.folder / "data"
    aside = data.with_name("data-aside")
    data.rename(aside)
    refused_then_back(watched, "MOVED-1", lambda: _put_back(aside, data))


def _put_back(aside: Path, data: Path) -> None:
    aside.rename(data)


def test_the_journal_is_locked_by_somebody(watched: Bus) -> None:
    """Another program holds the file's lock for longer than anybody waits."""
    file = watched.demo.folder / "data" / "journal.sqlite"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        refused_then_back(watched, "LOCKED-1", lambda: _release(other))


def _release(other: sqlite3.Connection) -> None:
    other.execute("ROLLBACK")


def test_the_disk_is_full(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No room for another message: refused whole; with room again it goes on."""
    folder = tmp_path_factory.mktemp("full")
    try:
        with small_disk(folder / "data", size_mb=48):
            bus = Bus.start(folder, **QUICK)
            try:
                bus.portal(error_rate=0.0, latency_ms=0.0, duplicate=0.0)
                assert bus.push("FULL-0") == "0"
                bus.until("FULL-0", "ho_so", State.DELIVERED)
                filler = folder / "data" / "filler"
                with filler.open("wb") as file:
                    _fill(file.fileno())
                number = iter(range(1, 2000))
                until(lambda: push(bus, f"FULL-{next(number)}") != "0", 60)
                filler.unlink()
                assert until(lambda: push(bus, "FULL-BACK") == "0", 30) < BACK_S
                bus.until("FULL-BACK", "ho_so", State.DELIVERED)
                assert bus.journal.survey(()).difference == 0
                assert bus.journal.verify_chain() == ()
            finally:
                bus.stop()
    except CannotRun as why:
        pytest.skip(f"{why}")


def _fill(file: int) -> None:
    try:
        while True:
            os.write(file, b"\0" * 65_536)
    except OSError:
        return


@pytest.mark.foreign("postgresql")
def test_postgresql_is_stopped_and_started(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The journal's server is stopped under a running bus: refused, said, and back within ten seconds."""
    own = Server.make()
    try:
        own.run("CREATE DATABASE lienthong")
        url = own.url("lienthong")
        folder = tmp_path_factory.mktemp("pg")
        bus = Bus.start(folder, journal_url=url, LIENTHONG_JOURNAL__URL=url, **QUICK)
        try:
            bus.portal(error_rate=0.0, latency_ms=0.0, duplicate=0.0)
            assert bus.push("PG-0") == "0"
            bus.until("PG-0", "ho_so", State.DELIVERED)
            own.stop()
            refused_then_back(bus, "PG-1", own.start)
        finally:
            bus.stop()
    finally:
        own.remove()
