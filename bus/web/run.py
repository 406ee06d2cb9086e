"""Runs a door process: uvicorn on uvloop and httptools, bounded, without an access log, with a graceful end."""

from __future__ import annotations

import contextlib
import resource
import signal
import socket
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from ipaddress import ip_network

import uvicorn
from fastapi import FastAPI

from bus.compose import Parts, make_feeding, make_intake, make_watchman
from bus.endings import DaysLeft
from bus.endpoint_faults import EndpointFaults
from bus.settings import Settings
from bus.watch.meters import Meters
from bus.watch.watchman import Watchman
from bus.web.answering import Answers
from bus.web.app import DoorDeps, make_app
from bus.web.callers import Caller, Callers
from bus.web.console import ConsoleDeps, console_router
from bus.web.crowd import Crowd
from bus.web.gatekeeper import Gatekeeper
from bus.web.health import Check
from bus.web.metrics import Exposition, Sources
from bus.web.protocol import bounded
from bus.web.scraping import Scraping
from bus.web.speakers import load_speakers
from schemas.message import Party

_CONNECTIONS = 1000
_FILES = 16_384
_GRACE_S = 20  # what is under way is answered; longer than a commit may take


def serve_door(parts: Parts) -> None:
    """Serves until SIGTERM or SIGINT, then answers what is under way and returns."""
    rule = parts.settings.door
    crowd = Crowd(most=rule.connections, per_address=rule.connections_per_address)
    watchman = make_watchman(parts)
    watchman.start()
    parts.before_closing.append(watchman.stop)
    app = make_app(door_deps(parts, watchman=watchman, crowd=crowd))
    _make_room_for_files()
    make_server(app, crowd=crowd).run(sockets=[listening(rule.host, rule.port)])


def door_deps(parts: Parts, *, watchman: Watchman, crowd: Crowd) -> DoorDeps:
    """The doors of a composed bus. The queue is told about, not needed: what is accepted is safe without it."""
    meters, feeding = Meters(), make_feeding(parts)
    parts.journal.meter_commits(meters.committed)
    parts.meter_expiries(meters.expired)
    parts.keys.tellers.append(meters.answered)
    sources = Sources(
        look=watchman.latest, clock=parts.clock, door=meters, connections=crowd.__len__,
        turned_away=lambda: crowd.turned_away, feeder_waiting=feeding.waiting,
        days_left=DaysLeft(parts.settings, parts.keys, parts.clock),
    )  # fmt: skip
    networks = [ip_network(text) for text in parts.settings.door.metrics_from]
    return DoorDeps(
        adapters=parts.house.adapters,
        intake=make_intake(parts, feeding, meters=meters),
        keys=known_callers(parts),
        address=parts.settings.address(),
        outboxes=outboxes(parts),
        checks=(Check("journal", parts.journal.ping), Check("queue", parts.queue.ping, needed=False)),
        routers=(console_router(replace(console_deps(parts), watch=watchman.latest)),),
        verdict=lambda: watchman.latest().verdict,
        scraping=Scraping(Exposition(sources).text, networks),
        meters=meters,
        gatekeeper=make_gatekeeper(parts, meters),
    )


def make_gatekeeper(parts: Parts, meters: Meters | None = None) -> Gatekeeper | None:
    """None where nobody secures their messages. `meters`: they count our signatures on answers.

    Raises:
        Refused: a store, a certificate or a secret is not there.
    """
    doors = load_speakers(parts.settings, parts.house.adapters, parts.keys)
    answers = Answers.of(parts.settings, doors, parts.keys)
    if answers is not None and meters is not None:
        answers.signer.meter.append(meters.signed)
    return Gatekeeper(doors, parts.journal, parts.clock, answers=answers) if doors else None


def outboxes(parts: Parts) -> Mapping[str, str]:
    """The endpoints whose partners fetch by REST, and the systems whose doors they knock at."""
    wires = {name: adapter.manifest.wire for name, adapter in parts.house.adapters.items()}
    return {e.id: e.system for e in parts.house.routes.endpoints.values() if wires[e.system] == "outbox_rest"}


def console_deps(parts: Parts) -> ConsoleDeps:
    """What the console reads; an endpoint is called as its system is, and by its id where it shares that system."""
    systems = {name: adapter.manifest.title_vi for name, adapter in parts.house.adapters.items()}
    shared = Counter(endpoint.system for endpoint in parts.settings.endpoints.values())
    endpoints = {
        name: systems[endpoint.system] + (f" ({name})" if shared[endpoint.system] > 1 else "")
        for name, endpoint in parts.settings.endpoints.items()
    }
    explain = EndpointFaults(parts.settings, parts.keys).explain
    return ConsoleDeps(parts.journal, endpoints=endpoints, systems=systems, explain=explain)


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
            networks=tuple(ip_network(text) for text in c.from_),
            dangerous_open=c.dangerous_open,
        )
        for name, c in settings.callers.items()
        if not c.signature  # those are known at the gate alone
    ]
    kinds = {a.id: a.manifest.auth.kind for a in parts.house.adapters.values() if a.manifest.auth is not None}
    return Callers(callers, kinds=kinds)


def _make_room_for_files() -> None:
    """Each connection is a file to the system, which allows few unless asked."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, _FILES)), hard))


def make_server(app: FastAPI, *, crowd: Crowd | None = None) -> uvicorn.Server:
    """A server for an application; give it a listening socket."""
    if crowd is None:  # an empty one is false
        crowd = Crowd(most=_CONNECTIONS, per_address=_CONNECTIONS)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=bounded(crowd),
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
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
