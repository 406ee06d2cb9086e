"""Runs a door process: uvicorn on uvloop and httptools, bounded, without an access log, with a graceful end."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections import Counter
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

from bus.compose import Parts, make_intake
from bus.settings import Settings
from bus.web.app import DoorDeps, make_app
from bus.web.callers import Caller, Callers
from bus.web.console import ConsoleDeps, console_router
from bus.web.health import Check
from bus.web.protocol import BoundedProtocol
from schemas.message import Party

_CONNECTIONS = 1000
_GRACE_S = 20  # what is under way is answered; longer than a commit may take


def serve_door(parts: Parts) -> None:
    """Serves until SIGTERM or SIGINT, then answers what is under way and returns."""
    rule = parts.settings.door
    make_server(make_app(door_deps(parts))).run(sockets=[listening(rule.host, rule.port)])


def door_deps(parts: Parts) -> DoorDeps:
    """The doors of a composed bus. The queue is told about, not needed: what is accepted is safe without it."""
    return DoorDeps(
        adapters=parts.house.adapters,
        intake=make_intake(parts),
        keys=known_callers(parts),
        address=parts.settings.address(),
        checks=(Check("journal", parts.journal.ping), Check("queue", parts.queue.ping, needed=False)),
        routers=(console_router(console_deps(parts)),),
    )


def console_deps(parts: Parts) -> ConsoleDeps:
    """What the console reads; an endpoint is called as its system is, and by its id where it shares that system."""
    systems = {name: adapter.manifest.title_vi for name, adapter in parts.house.adapters.items()}
    shared = Counter(endpoint.system for endpoint in parts.settings.endpoints.values())
    endpoints = {
        name: systems[endpoint.system] + (f" ({name})" if shared[endpoint.system] > 1 else "")
        for name, endpoint in parts.settings.endpoints.items()
    }
    return ConsoleDeps(parts.journal, endpoints=endpoints, systems=systems)


def known_callers(parts: Parts) -> Callers:
    """The callers of the settings, secrets resolved.

    Raises:
        Refused: a secret is not there, or a public key is unusable.
    """
    settings: Settings = parts.settings
    callers = [
        Caller(
            id=name,
            party=Party(c.agency, c.name, c.system),
            user=c.user,
            secret=settings.secret(c.secret),
            dangerous_open=c.dangerous_open,
        )
        for name, c in settings.callers.items()
    ]
    kinds = {a.id: a.manifest.auth.kind for a in parts.house.adapters.values() if a.manifest.auth is not None}
    return Callers(callers, kinds=kinds)


def make_server(app: FastAPI) -> uvicorn.Server:
    """A server for an application; give it a listening socket."""
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=BoundedProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=_GRACE_S,
    )
    return DoorServer(config)


class DoorServer(uvicorn.Server):
    """Ends by returning: uvicorn's own would raise the signal again, and the journal would never be closed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT ask for the end."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def listening(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one."""
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((host, port))
    made.listen(512)
    return made
