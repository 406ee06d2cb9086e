"""The simulated desks and the portal's callbacks knock at the real doors of the shipped systems."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.registry import load_system
from tests.integration.door.running import Running, running

ROOT = Path(__file__).parents[3]
KEY = "khoa-thu-0001"  # HTTP headers of simple clients carry no Vietnamese
SYSTEMS = ROOT / "adapters" / "systems"


@pytest.fixture
def knock(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Starts a simulator that calls by itself."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(*options: str) -> None:
        command = [sys.executable, "-m", "bus.simulators", *options, "--ledger", str(tmp_path / "so.jsonl")]
        environment = {**os.environ, "KHOA": KEY}
        started.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT, env=environment))

    yield begin
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture(params=["mot_cua_cmon", "mat_tien_json", "cong_dvcqg"])
def door(request: pytest.FixtureRequest) -> Iterator[tuple[str, Running]]:
    """The door of one shipped system."""
    with running(load_system(SYSTEMS / request.param), secret=KEY) as made:
        yield request.param, made


CALLS = {
    "mot_cua_cmon": ("cmon", "--user", "motcua.thu", "--password-env", "KHOA", "--dossiers", "3", "--door"),
    "mat_tien_json": ("facade", "--key-env", "KHOA", "--dossiers", "3", "--door"),
    "cong_dvcqg": ("portal", "--callback-key-env", "KHOA", "--callbacks", "3", "--callback"),
}


def test_what_the_simulators_send_is_understood(door: tuple[str, Running], knock: Callable[..., None]) -> None:
    """Every call of theirs is a known, authenticated, valid operation."""
    system, made = door
    knock(*CALLS[system], f"{made.address}/{system}")
    end = time.monotonic() + 30
    while len(made.beyond.calls) < 3 and time.monotonic() < end:
        time.sleep(0.05)
    assert len(made.beyond.calls) >= 3
    assert made.beyond.refused == []
    assert {party.system for _, _, party in made.beyond.calls} == {system}


@pytest.mark.parametrize("soap12", [False, True])
def test_the_desk_speaks_both_soap_versions(soap12: bool, knock: Callable[..., None]) -> None:
    """The same dossiers in either."""
    with running(load_system(SYSTEMS / "mot_cua_cmon"), secret=KEY) as made:
        options = [*CALLS["mot_cua_cmon"], f"{made.address}/mot_cua_cmon", *(["--soap12"] if soap12 else [])]
        knock(*options)
        end = time.monotonic() + 30
        while not made.beyond.calls and time.monotonic() < end:
            time.sleep(0.05)
        assert made.beyond.calls[0][0].voice == ("soap12" if soap12 else "soap11")
