"""SIGTERM: what is under way is answered, nothing new is taken, and the process goes on to close its stores."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import urllib3

from tests.unit.wire.parts import envelope, gui

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_door_gracefully(how: signal.Signals) -> None:
    """The caller in the middle hears its answer; the process reaches its own last line and exits with 0."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.door.ending"], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert process.stdout is not None
        address = f"http://127.0.0.1:{process.stdout.readline().strip()}"
        answers: list[int] = []

        def call() -> None:
            body = envelope(gui()).encode()
            headers = {"Content-Type": "text/xml"}
            answers.append(urllib3.request("POST", f"{address}/thu", body=body, headers=headers, retries=False).status)

        _until_live(address)
        thread = threading.Thread(target=call)
        thread.start()
        time.sleep(0.3)
        process.send_signal(how)
        thread.join(20)
        rest = process.communicate(timeout=20)[0]
    finally:
        process.kill()
    assert answers == [200]
    assert rest == "closed\n"
    assert process.returncode == 0


def _until_live(address: str) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            if urllib3.request("GET", f"{address}/health/live", retries=False).status == 200:
                return
        except urllib3.exceptions.HTTPError:
            time.sleep(0.05)
    raise TimeoutError(address)
