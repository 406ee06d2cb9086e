"""Serves one simulator over real HTTP: latency, lost replies, the /_sim/ controls, a clean end on SIGTERM."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qsl

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from schemas.jsondoc import loads
from schemas.problem import Refused

_BODY_LIMIT = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it came in."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    begin: float  # seconds since 1970


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back, when, and whether at all."""

    status: int
    body: bytes
    media_type: str
    delay_s: float = 0.0
    drop: bool = False  # close the connection instead of answering
    call: int = 0  # told to `answered` when it is over; 0 = nobody wants to know


class Simulator(Protocol):
    """What a simulator has to do; everything else is done here."""

    name: str

    def handle(self, seen: Seen) -> Answer:
        """Judges a call of the outside world and commits what it takes. Quick: it runs in the event loop."""

    def control(self, action: str, given: Mapping[str, Any]) -> object:
        """POST /_sim/<action> with a JSON object. Raises ValueError (answered 400) or LookupError (answered 404)."""

    def state(self, *, brief: bool) -> dict[str, object]:
        """GET /_sim/state."""

    def answered(self, call: int, how: str) -> None:
        """A call is over."""

    def started(self) -> None:
        """The server listens."""

    def close(self) -> None:
        """The end."""


@dataclass(slots=True)
class _App:
    simulator: Simulator

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # Any: the ASGI server's own types
        if scope["type"] != "http":
            return
        seen = await _read(scope, receive)
        if seen is None:
            answer = Answer(413, b"too large", "text/plain")
        elif seen.path.startswith("/_sim/"):
            answer = await asyncio.to_thread(_controlled, self.simulator, seen)
        else:
            answer = self.simulator.handle(seen)
        how = await _wait(answer, receive)
        if answer.drop and how == "replied":
            how = "dropped"
            scope["extensions"]["lienthong.transport"].close()
            while (await receive())["type"] != "http.disconnect":
                pass
        elif how == "replied":
            await _send(answer, send)
        if answer.call:
            self.simulator.answered(answer.call, how)


class _Protocol(HttpToolsProtocol):
    """Lets the application close the connection without a reply."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {"lienthong.transport": self.transport}  # type: ignore[dict-item]  # ours


class _Server(uvicorn.Server):
    """SIGTERM and SIGINT end it with exit status 0."""

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        loop = asyncio.get_running_loop()
        for one in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(one, setattr, self, "should_exit", True)
        await self._serve(sockets)


def serve(simulator: Simulator, *, host: str, port: int) -> None:
    """Listens, prints `listening on http://HOST:PORT`, and serves until SIGTERM."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, port))
    sock.listen(512)
    config = uvicorn.Config(
        _App(simulator),
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_level="error",
        access_log=False,
        timeout_graceful_shutdown=2,
        timeout_keep_alive=75,
    )
    server = _Server(config)

    async def run() -> None:
        task = asyncio.create_task(server.serve(sockets=[sock]))
        while not server.started and not task.done():
            await asyncio.sleep(0.005)
        if server.started:
            print(f"listening on http://{host}:{sock.getsockname()[1]}", flush=True)
            simulator.started()
        await task

    try:
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(run())
    finally:
        simulator.close()


async def _read(scope: Any, receive: Any) -> Seen | None:  # Any: the ASGI server's own types
    begin = time.time()
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > _BODY_LIMIT:
            return None
        if not message.get("more_body", False):
            break
    return Seen(
        method=scope["method"],
        path=scope["path"],
        query=dict(parse_qsl(scope["query_string"].decode("ascii", "replace"), keep_blank_values=True)),
        headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
        body=b"".join(parts),
        begin=begin,
    )


async def _wait(answer: Answer, receive: Any) -> str:  # Any: the ASGI server's own types
    """Waits as long as the answer says; "gone" if the caller went away meanwhile."""
    if answer.delay_s <= 0:
        return "replied"
    watch = asyncio.ensure_future(receive())
    done, _ = await asyncio.wait({watch}, timeout=answer.delay_s)
    if done and watch.result()["type"] == "http.disconnect":
        return "gone"
    watch.cancel()
    with suppress(asyncio.CancelledError):
        await watch
    return "replied"


async def _send(answer: Answer, send: Any) -> None:  # Any: the ASGI server's own types
    headers = [(b"content-type", answer.media_type.encode()), (b"content-length", str(len(answer.body)).encode())]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


def _controlled(simulator: Simulator, seen: Seen) -> Answer:
    action = seen.path.removeprefix("/_sim/")
    try:
        if seen.method == "GET" and action == "health":
            return _json(200, {"who": simulator.name, "ok": True})
        if seen.method == "GET" and action == "state":
            return _json(200, simulator.state(brief="brief" in seen.query))
        if seen.method != "POST":
            return _json(405, {"error": f"POST /_sim/{action}, or GET /_sim/state and /_sim/health"})
        given = loads(seen.body or b"{}")
        if not isinstance(given, dict):
            raise ValueError("the body must be a JSON object")
        return _json(200, simulator.control(action, given))
    except (ValueError, Refused) as error:
        return _json(400, {"error": str(error)})
    except LookupError as error:
        return _json(404, {"error": str(error.args[0])})


def _json(status: int, value: object) -> Answer:
    return Answer(status, json.dumps(value, ensure_ascii=False).encode(), "application/json; charset=utf-8")
