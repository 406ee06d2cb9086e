"""`lienthong up`: everything on one machine: private queue server, door, workers; restarts what dies."""

from __future__ import annotations

import http.client
import logging
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

import typer

from bus.cli import out
from bus.cli.context import State, log_to_stderr, refused, state
from bus.ports import JournalUnavailable, QueueUnavailable
from bus.supervise import Role, Supervisor

if TYPE_CHECKING:
    from bus.compose import Parts
    from bus.settings import Settings

log = logging.getLogger("lienthong.up")

_READY_S = 60.0
_END_S = 5.0  # for a worker's last words, when it has drained
_PORT_S = 25.0  # longer than a door's grace
EXAMPLES = """\b
Ví dụ / examples:
  lienthong up                                        theo cấu hình mặc định / by the default configuration
  lienthong --config /etc/lienthong up                theo thư mục cấu hình / by a configuration folder
  LIENTHONG_DATA=/var/lib/lienthong lienthong up      dữ liệu ở chỗ khác / data elsewhere
\b
Dừng / stop: Ctrl+C hay / or SIGTERM. Xem / look: lienthong doctor, lienthong find.
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("up", short_help="chạy tất cả trên một máy / run everything here", epilog=EXAMPLES)(up)


def up(context: typer.Context) -> None:
    """Chạy tất cả trên một máy cho tới khi bị dừng / runs everything on one machine until stopped.

    Mỗi thư mục dữ liệu chỉ một lienthong up / one lienthong up for each data folder.
    """
    from bus.ownership import owning

    log_to_stderr()
    now = state(context)
    with owning(now.settings.data):
        _run(now, now.settings)


def _run(now: State, settings: Settings) -> None:
    from bus.compose import open_parts, private_server

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    server = None if settings.queue.redis_url else private_server(settings)
    if server is not None:
        server.start()
    try:
        parts = open_parts(settings)
        try:
            check_before_start(parts)
            wait_for_port(settings, stop)
            if stop.is_set():
                return
            names: dict[str, str] = {}
            supervisor = Supervisor(
                _roles(now, settings, names), on_death=lambda role, number, pid: _reap(role, parts, names)
            )
            supervisor.start()
            try:
                _tell(settings, stop)
                stop.wait()
            finally:
                supervisor.stop(patience_s=settings.queue.drain_s + _END_S)
        finally:
            parts.close()
    finally:
        if server is not None:
            server.stop()


def check_before_start(parts: Parts) -> None:
    """What would end the door or a worker at once is told here, instead of being restarted for ever.

    Raises:
        Refused: with what is wrong: our key, a partner's, a secret.
    """
    from bus.compose import make_lines
    from bus.compose_polls import make_polls
    from bus.web.run import known_callers, make_gatekeeper

    parts.keys.signer(parts.settings)
    known_callers(parts)
    make_gatekeeper(parts)
    make_lines(parts.settings, parts.house, parts.keys)
    make_polls(parts)


def wait_for_port(settings: Settings, stop: threading.Event) -> None:
    """The door of an `up` that was killed answers what was under way before it lets its port go.

    Raises:
        Refused: somebody else keeps it (LT-UP-003).
    """
    from bus.web.run import listening

    end = time.monotonic() + _PORT_S
    while not stop.is_set():
        try:
            listening(settings.door.host, settings.door.port).close()
            return
        except OSError as taken:
            if time.monotonic() > end:
                raise refused(
                    "LT-UP-003", host=settings.door.host, port=settings.door.port, reason=taken.strerror or taken
                ) from taken
        stop.wait(0.3)


def _tell(settings: Settings, stop: threading.Event) -> None:
    """Where everything is, once the door answers."""
    waited = 0.0
    while not _ready(settings) and waited < _READY_S:
        if stop.wait(0.1):
            return
        waited += 0.1
    address, data = settings.address(), settings.data.resolve()
    answers = "sẵn sàng / ready" if waited < _READY_S else "CHƯA trả lời / does NOT answer yet"
    for line in (
        f"lienthong: {answers}",
        f"  cửa / door              {address}",
        f"  bàn điều hành / console {address}/console",
        f"  sức khoẻ / health       {address}/health/ready",
        f"  dữ liệu / data          {data}",
        f"  nhật ký chạy / logs     {data / 'run'}",
        f"  dừng / stop             Ctrl+C · kill {os.getpid()}",
    ):
        out.warn(line, style="")


def _ready(settings: Settings) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.door.host, settings.door.host)  # noqa: S104 - compared
    connection = http.client.HTTPConnection(host, settings.door.port, timeout=2)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _roles(now: State, settings: Settings, names: dict[str, str]) -> list[Role]:
    base = [sys.executable, "-m", "bus.cli"] + (["--config", now.config] if now.config else [])
    run = settings.data.resolve() / "run"

    def working(role: str) -> Role:
        def command(number: int) -> list[str]:
            names[role] = f"{role}-{number}-{os.urandom(4).hex()}"
            return [*base, "work", "--name", names[role]]

        return Role(role, command, log=run / f"{role}.log", pid_file=run / f"{role}.pid")

    door = Role("door", lambda number: [*base, "serve"], log=run / "door.log", pid_file=run / "door.pid")
    return [door, *(working(f"worker-{number + 1}") for number in range(settings.worker.processes))]


def _reap(role: Role, parts: Parts, names: dict[str, str]) -> None:
    """A dead worker's leases and intents end now, not when they run out."""
    if role.name not in names:
        return
    try:
        parts.journal.expire_worker(names[role.name]).result()
        parts.feeder.heal()
        parts.queue.expire_worker(names[role.name])
    except (QueueUnavailable, JournalUnavailable) as away:
        log.warning("leases of %s run out by themselves: %s", names[role.name], away)
