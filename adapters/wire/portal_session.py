"""Login sessions of the portal: one per endpoint, one login at a time. The session string is a secret."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from adapters.wire.address import joined
from adapters.wire.contract import Exchange, Fault, SendOrder
from adapters.wire.http_client import HttpClient, Outgoing
from adapters.wire.jsonxml import compact
from adapters.wire.replying import json_text
from schemas.jsondoc import loads
from schemas.problem import Refused

_FINE = ("0", "00")
_REST_S = 5.0  # after a refused login nobody asks again for so long: accounts get locked


@dataclass(slots=True)
class _Held:
    """One endpoint's session."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    session: str = ""
    refused_until: float = 0.0
    refused_why: str = ""


@dataclass(frozen=True, slots=True)
class NoSession:
    """Why there is none."""

    fault: Fault  # LOGIN: refused; CONNECT: nobody there, or no usable answer
    detail: str


class Sessions:
    """Thread-safe."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self._held: dict[str, _Held] = {}
        self._lock = threading.Lock()
        self._used = threading.local()

    def session(self, order: SendOrder, *, until: float) -> str | NoSession:
        """The endpoint's session, made now if there is none. `until` is a monotonic time."""
        held = self._of(order.target.endpoint)
        if not held.lock.acquire(timeout=max(0.0, until - time.monotonic())):
            return NoSession(Fault.CONNECT, "another login is still under way")
        try:
            if not held.session:
                made = self._login(order, held, until=until)
                if isinstance(made, NoSession):
                    return made
                held.session = made
            self._used.__dict__[order.target.endpoint] = held.session
            return held.session
        finally:
            held.lock.release()

    def forget(self, endpoint: str) -> None:
        """The next send logs in anew; a session that another thread has renewed meanwhile is kept."""
        held = self._of(endpoint)
        used = self._used.__dict__.get(endpoint)
        with held.lock:
            if used is None or used == held.session:
                held.session = ""

    def _of(self, endpoint: str) -> _Held:
        with self._lock:
            return self._held.setdefault(endpoint, _Held())

    def _login(self, order: SendOrder, held: _Held, *, until: float) -> str | NoSession:
        now = time.monotonic()
        if now < held.refused_until:
            return NoSession(Fault.LOGIN, held.refused_why)
        exchange = self._http.exchange(order.target, _login_request(order, timeout_s=until - now))
        read = _read(exchange)
        if isinstance(read, NoSession) and read.fault is Fault.LOGIN:
            held.refused_until, held.refused_why = time.monotonic() + _REST_S, read.detail
        return read


def _login_request(order: SendOrder, *, timeout_s: float) -> Outgoing:
    target = order.target
    parameters, headers = routing(order)
    return Outgoing(
        url=joined(target.address, target.settings.get("login_path", "mapi/login"), parameters),
        body=compact({"username": target.user, "password": target.secret}),
        headers={"Content-Type": "application/json", "Accept": "application/json", "Charset": "utf-8", **headers},
        timeout_s=timeout_s,
    )


def routing(order: SendOrder) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """How the security server in front learns where to forward: query parameters and headers.

    Settings: `dstcode`; `dstcode_in` = "query" (default) or "header"; `providerurl`.
    """
    settings = order.target.settings
    parameters: list[tuple[str, str]] = []
    headers: dict[str, str] = {}
    if code := settings.get("dstcode", ""):
        if settings.get("dstcode_in", "query") == "header":
            headers["dstcode"] = code
        else:
            parameters.append(("dstcode", code))
    if provider := settings.get("providerurl", ""):
        parameters.append(("providerurl", provider))
    return parameters, headers


def _read(exchange: Exchange) -> str | NoSession:
    if exchange.fault is not Fault.NONE:
        return NoSession(Fault.CONNECT, f"login: {exchange.fault.value} {exchange.detail}".strip())
    if exchange.status in (401, 403):
        return NoSession(Fault.LOGIN, f"login refused with HTTP {exchange.status}")
    try:
        value = loads(exchange.body.removeprefix(b"\xef\xbb\xbf"))
    except Refused:
        return NoSession(Fault.CONNECT, f"login answered with no JSON (HTTP {exchange.status})")
    code, _ = json_text(value, "error_code")
    session, _ = json_text(value, "session")
    if session and (code is None or code in _FINE):
        return session
    if code is None or exchange.status >= 500:
        return NoSession(Fault.CONNECT, f"login answered without a session (HTTP {exchange.status})")
    return NoSession(Fault.LOGIN, f"login refused with code {code[:20]}")
