"""`lienthong up`: everything on one machine: private queue server, door, workers; restarts what dies."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading

import typer
from rich.console import Console

from bus.cli.context import State, log_to_stderr, state
from bus.compose import Parts, open_parts, private_server
from bus.ports import JournalUnavailable, QueueUnavailable
from bus.settings import Settings
from bus.supervise import Role, Supervisor

log = logging.getLogger("lienthong.up")


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("up")(up)


def up(context: typer.Context) -> None:
    """Chạy tất cả trên một máy / runs everything on one machine until stopped."""
    log_to_stderr()
    now = state(context)
    settings = now.settings
    settings.data.mkdir(parents=True, exist_ok=True)
    server = None if settings.queue.redis_url else private_server(settings)
    if server is not None:
        server.start()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    parts = open_parts(settings)
    names: dict[str, str] = {}
    supervisor = Supervisor(_roles(now, settings, names), on_death=lambda role, number, pid: _reap(role, parts, names))
    supervisor.start()
    Console(stderr=True).print(f"lienthong: {settings.address()}  ·  {settings.data.resolve()}", highlight=False)
    try:
        stop.wait()
    finally:
        supervisor.stop()
        parts.close()
        if server is not None:
            server.stop()


def _roles(now: State, settings: Settings, names: dict[str, str]) -> list[Role]:
    base = [sys.executable, "-m", "bus.cli"] + (["--config", now.config] if now.config else [])
    run = settings.data.resolve() / "run"
    run.mkdir(exist_ok=True)

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
