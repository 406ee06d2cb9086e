"""A real door process's server in a thread, on a free port, over a recorded floor beyond."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from adapters.adapter import Adapter
from adapters.manifest import AnswerKind, Auth
from adapters.wire.contract import Call, HttpRequest, Said
from bus.watch.liveness import Verdict
from bus.web.app import DoorDeps, make_app
from bus.web.callers import Caller, Callers
from bus.web.crowd import Crowd
from bus.web.door import DoorRules
from bus.web.gatekeeper import Gatekeeper
from bus.web.health import Check
from bus.web.run import listening, make_server
from bus.web.scraping import Scraping
from schemas.message import Party
from schemas.problem import Problem

SECRET = "bí mật"


@dataclass
class Beyond:
    """What lies behind the door in these tests: it remembers, and answers what the test wants."""

    calls: list[tuple[Call, HttpRequest, Party]] = field(default_factory=list)
    refused: list[tuple[HttpRequest, tuple[Problem, ...], str]] = field(default_factory=list)
    answer: Said | Exception = field(default_factory=lambda: Said(AnswerKind.ACCEPTED, values={"message_id": "m1"}))
    slow_s: float = 0.0

    async def handle(self, adapter: Adapter, call: Call, request: HttpRequest, party: Party) -> Said:
        """Remembers the call."""
        self.calls.append((call, request, party))
        await asyncio.sleep(self.slow_s)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def refuse(self, adapter: Adapter, request: HttpRequest, problems: tuple[Problem, ...], party: str) -> None:
        """Remembers the refusal."""
        self.refused.append((request, problems, party))


@dataclass
class Running:
    """A door that can be called."""

    address: str
    port: int
    beyond: Beyond


@contextmanager
def running(
    *adapters: Adapter,
    rules: DoorRules | None = None,
    checks: tuple[Check, ...] = (),
    beyond: Beyond | None = None,
    secret: str = SECRET,
    crowd: Crowd | None = None,
    verdict: Callable[[], Verdict] | None = None,
    scraping: Scraping | None = None,
    gatekeeper: Gatekeeper | None = None,
) -> Iterator[Running]:
    """Serves the doors of these systems until the block ends."""
    sock = listening("127.0.0.1", 0)
    port = sock.getsockname()[1]
    beyond = beyond or Beyond()
    address = f"http://127.0.0.1:{port}"
    app = make_app(
        DoorDeps(
            adapters={a.id: a for a in adapters}, intake=beyond, keys=callers(adapters, secret), address=address,
            checks=checks, rules=rules or DoorRules(), verdict=verdict, scraping=scraping, gatekeeper=gatekeeper,
        )
    )  # fmt: skip
    server = make_server(app, crowd=crowd)
    thread = threading.Thread(target=lambda: server.run(sockets=[sock]), daemon=True)
    thread.start()
    try:
        _wait(port)
        yield Running(address, port, beyond)
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


def callers(adapters: tuple[Adapter, ...], secret: str) -> Callers:
    """Everybody's name is motcua.thu where a name is wanted, and the secret is one."""
    kinds: Mapping[str, Auth] = {a.id: a.manifest.auth.kind for a in adapters if a.manifest.auth}
    made = [
        Caller(
            id=f"goi_{a.id}",
            party=Party("H99.12", "Sở Thử nghiệm", a.id),
            user="motcua.thu" if a.manifest.auth and (a.manifest.auth.user or kinds[a.id] is Auth.BASIC) else "",
            secret=secret,
        )
        for a in adapters
        if a.manifest.auth is not None and kinds[a.id] is not Auth.JWS
    ]
    return Callers(made, kinds=dict(kinds))


def _wait(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            threading.Event().wait(0.02)
        else:
            return
    raise TimeoutError("the door does not listen")
