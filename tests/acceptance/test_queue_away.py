"""The whole bus while the queue's server is away, full, or told to hold retries back. Real processes."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from bus.delivery import State
from tests.acceptance.running_bus import Bus
from tests.integration.cli.running import run
from tests.integration.queue_servers import Node, until

HEALS_S = 10.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A server of the operator's own."""
    node = Node(tmp_path_factory.mktemp("redis") / "own", "appendonly yes", "appendfsync always").start()
    yield node
    node.stop()


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory, server: Node) -> Iterator[Bus]:
    """A bus on it."""
    url = f"redis://127.0.0.1:{server.port}/0"
    running = Bus.start(tmp_path_factory.mktemp("bus"), LIENTHONG_QUEUE__REDIS_URL=url)
    running.queue_address = url
    running.portal(error_rate=0.0, latency_ms=0.0, duplicate=0.0)
    try:
        yield running
    finally:
        running.stop()


def ready(bus: Bus) -> Mapping[str, Any]:
    """What a load balancer is told."""
    with urllib.request.urlopen(f"{bus.demo.addresses['door']}/health/ready", timeout=10) as reply:
        found: Mapping[str, Any] = json.load(reply)
    return found


def state(bus: Bus, code: str) -> State:
    return bus.journey(code, "ho_so").deliveries[0].state


@pytest.mark.timeout(180)
def test_server_away(bus: Bus, server: Node) -> None:
    """The door goes on answering and says that the queue is away; ten seconds after its return all is delivered."""
    assert bus.push("AWAY-0").startswith("0")
    bus.until("AWAY-0", "ho_so", State.DELIVERED)
    server.kill()
    assert [bus.push(f"AWAY-{n}")[0] for n in range(1, 6)] == ["0"] * 5
    until(lambda: "queue" in ready(bus)["reasons"], 10, why="health says nothing of it")
    assert ready(bus)["ready"] is True
    time.sleep(3)
    assert state(bus, "AWAY-5") is State.READY
    server.start()
    for n in range(1, 6):
        bus.until(f"AWAY-{n}", "ho_so", State.DELIVERED, seconds=HEALS_S)
    until(lambda: ready(bus)["reasons"] == {}, 10, why="health does not see that it is back")


@pytest.mark.timeout(180)
def test_server_full(bus: Bus, server: Node) -> None:
    """A full server takes nothing new, and the door goes on answering; when there is room all is delivered."""
    with server.client() as client:
        client.config_set("maxmemory", "1mb")
        assert [bus.push(f"FULL-{n}")[0] for n in range(5)] == ["0"] * 5
        time.sleep(3)
        assert state(bus, "FULL-4") is State.READY
        client.config_set("maxmemory", "0")
    for n in range(5):
        bus.until(f"FULL-{n}", "ho_so", State.DELIVERED, seconds=HEALS_S)


@pytest.mark.timeout(180)
def test_retries_stopped(bus: Bus, server: Node) -> None:
    """Two seconds after the switch nothing is tried again, also over FLUSHALL; first attempts go; resumed, all go."""
    environment = bus.demo.bus_environment()
    bus.portal(error_rate=1.0)
    assert bus.push("STOP-0").startswith("0")
    until(lambda: len(bus.journey("STOP-0", "ho_so").attempts) >= 1, 20)
    assert run("retries", "stop", "--why", "thử", "--json", env=environment).json()["queue_told"] is True
    time.sleep(2)
    tried = len(bus.journey("STOP-0", "ho_so").attempts)
    bus.portal(error_rate=0.0)
    with server.client() as client:
        client.flushall()
    assert bus.push("STOP-1").startswith("0")
    bus.until("STOP-1", "ho_so", State.DELIVERED)
    time.sleep(5)
    assert len(bus.journey("STOP-0", "ho_so").attempts) == tried
    assert run("retries", "resume", "--why", "xong", env=environment).code == 0
    bus.until("STOP-0", "ho_so", State.DELIVERED, seconds=30)
