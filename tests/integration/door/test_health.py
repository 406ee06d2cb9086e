"""Health over real HTTP: alive as long as the process answers, ready when what is needed works."""

from __future__ import annotations

import json
import time

import urllib3

from bus.web.health import Check
from tests.integration.door.running import running
from tests.unit.wire.parts import soap_system

HTTP = urllib3.PoolManager()


def fails() -> None:
    """A store that is away."""
    raise ConnectionRefusedError("redis://:matkhau@10.0.0.1")


def ask(address: str, what: str) -> tuple[int, dict[str, object]]:
    """Status and content."""
    got = HTTP.request("GET", f"{address}/health/{what}", retries=False)
    return got.status, json.loads(got.data)


def test_all_well() -> None:
    """200, and no reasons."""
    with running(soap_system(), checks=(Check("journal", lambda: None),)) as door:
        assert ask(door.address, "live") == (200, {"live": True})
        assert ask(door.address, "ready") == (200, {"ready": True, "reasons": {}})


def test_a_needed_part_away_is_503_with_its_name_and_no_address() -> None:
    """Alive all the same; what failed is named, where it lives is not."""
    with running(soap_system(), checks=(Check("journal", fails), Check("queue", lambda: None))) as door:
        assert ask(door.address, "live")[0] == 200
        status, said = ask(door.address, "ready")
    assert status == 503
    assert said == {"ready": False, "reasons": {"journal": "ConnectionRefusedError"}}


def test_a_part_that_is_not_needed_is_told_but_does_not_close_the_door() -> None:
    """Without the queue everything accepted is safe in the journal."""
    with running(soap_system(), checks=(Check("queue", fails, needed=False),)) as door:
        assert ask(door.address, "ready") == (200, {"ready": True, "reasons": {"queue": "ConnectionRefusedError"}})


def test_a_check_that_hangs_is_an_answer_too() -> None:
    """A load balancer is not kept waiting."""
    with running(soap_system(), checks=(Check("journal", lambda: time.sleep(4)),)) as door:
        started = time.monotonic()
        status, said = ask(door.address, "ready")
        assert time.monotonic() - started < 3.5
    assert status == 503
    assert "no answer" in str(said["reasons"])
