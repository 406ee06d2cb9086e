"""Simulators as processes, and a door to knock at: for the desks, the bus is the outside world."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Running:
    """A simulator that runs."""

    process: subprocess.Popen[str]
    url: str
    ledger: Path

    def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=20)
        try:
            connection.request(method, path, body=body, headers={k.replace("_", "-"): v for k, v in headers.items()})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def post(self, path: str, value: object, **headers: str) -> Any:
        status, body = self.send("POST", path, json.dumps(value, ensure_ascii=False).encode(), **headers)
        return json.loads(body) | {"_status": status}

    def state(self, *, brief: bool = False) -> Any:
        return json.loads(self.send("GET", "/_sim/state" + ("?brief" if brief else ""))[1])

    def until(self, good: Callable[[Any], bool]) -> Any:
        """The state, once it is good."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            state = self.state()
            if good(state):
                return state
            time.sleep(0.05)
        raise AssertionError(f"never came true; last state: {state}")

    def stop(self, how: int = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.process.wait(timeout=15)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts simulators; ends them after the test."""
    running: list[Running] = []

    def begin(kind: str, *options: str, ledger: Path | None = None, **environment: str) -> Running:
        path = ledger or tmp_path / f"{kind}-{len(running)}.jsonl"
        process = subprocess.Popen(
            [sys.executable, "-m", "bus.simulators", kind, "--ledger", str(path), *options],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, **environment},
        )
        assert process.stdout is not None
        first = process.stdout.readline().strip()
        assert first.startswith("listening on http://127.0.0.1:"), first
        running.append(Running(process, first.removeprefix("listening on "), path))
        return running[-1]

    yield begin
    for one in running:
        if one.process.poll() is None:
            one.process.kill()
        one.process.wait()
        if one.process.stdout is not None:
            one.process.stdout.close()


@dataclass
class Door:
    """Takes calls and answers what the test says."""

    answer: Callable[[str, bytes], tuple[int, bytes]]
    calls: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def door() -> Iterator[Door]:
    """A door on a free port; set `answer` before knocking."""
    here = Door(answer=lambda path, body: (503, b""))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            here.calls.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            status, reply = here.answer(self.path, body)
            try:
                self.send_response(status)
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)
            except OSError:
                self.close_connection = True  # the caller hung up on purpose

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    here.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield here
    server.shutdown()
    server.server_close()
