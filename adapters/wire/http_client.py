"""The one HTTP client: kept connections per endpoint, one total deadline, bounded replies, no redirects.

A fault is a value, and `sent` is told truthfully: False only where no byte of the request can have left.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import tenacity
import urllib3
from urllib3.exceptions import HTTPError, ReadTimeoutError, SSLError
from urllib3.response import BaseHTTPResponse

from adapters.wire.contract import Exchange, Fault, SendOrder, Target
from adapters.wire.deadline import CURRENT, DeadlineConnection, DeadlineTlsConnection, Underway, tls_context

_CONNECT_S = 5.0  # for one try; three fit into most deadlines
_TRIES = 3
_BLOCK = 65_536
_KEPT = 64  # idle connections per endpoint: no fewer than a worker has threads, or each is made anew


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One request."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    timeout_s: float  # total: connect, send, wait, read
    method: str = "POST"


class _TooLarge(Exception):
    """The reply passed its limit."""


class HttpClient:
    """Thread-safe. One per process is enough."""

    def __init__(self) -> None:
        self._pools: dict[tuple[str, ...], urllib3.HTTPConnectionPool] = {}
        self._lock = threading.Lock()

    def exchange(self, target: Target, outgoing: Outgoing) -> Exchange:
        """Sends once. Connection faults before a byte was sent are tried three times within the deadline."""
        started = time.monotonic()
        underway = Underway(until=started + outgoing.timeout_s)
        token = CURRENT.set(underway)
        try:
            return self._tried(target, outgoing, underway, started=started)
        finally:
            CURRENT.reset(token)

    def _tried(self, target: Target, outgoing: Outgoing, underway: Underway, *, started: float) -> Exchange:
        tries = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(_TRIES) | tenacity.stop_before_delay(outgoing.timeout_s),
            wait=tenacity.wait_fixed(0.1) + tenacity.wait_random(0, 0.1),
            retry=tenacity.retry_if_exception(lambda error: not underway.sent and _worth_another_try(error)),
            reraise=True,
        )
        try:
            status, headers, body = tries(self._once, target, outgoing, underway)
        except (_TooLarge, HTTPError, OSError, ValueError) as error:
            fault = _fault(error, underway)
            return _exchange(outgoing, fault=fault, sent=underway.sent, started=started, detail=_words(error))
        return _exchange(outgoing, sent=True, started=started, status=status, headers=headers, body=body)

    def _once(self, target: Target, outgoing: Outgoing, underway: Underway) -> tuple[int, dict[str, str], bytes]:
        pool = self._pool(target, outgoing.url)
        left = underway.left_s()
        response = pool.urlopen(
            outgoing.method,
            _path(outgoing.url),
            body=outgoing.body,
            headers=_headers(outgoing),
            timeout=urllib3.Timeout(connect=min(left, _CONNECT_S), read=left),
            retries=False,
            redirect=False,
            preload_content=False,
            decode_content=True,
            assert_same_host=False,
        )
        try:
            body = _read(response, target.reply_limit_bytes)
        except BaseException:
            response.close()  # a half-read connection is of no use to anybody
            raise
        response.release_conn()
        return response.status, {name.lower(): value for name, value in response.headers.items()}, body

    def _pool(self, target: Target, url: str) -> urllib3.HTTPConnectionPool:
        parts = urlsplit(url)
        tls = (target.settings.get("tls_ca", ""), target.settings.get("tls_certificate", ""),
               target.settings.get("tls_key", ""))  # fmt: skip
        key = (target.endpoint, parts.scheme, parts.netloc, str(target.verify_tls), *tls)
        with self._lock:
            pool = self._pools.get(key)
            if pool is None:
                pool = self._pools[key] = _make_pool(target, url, tls)
            return pool

    def close(self) -> None:
        """Closes kept connections."""
        with self._lock:
            for pool in self._pools.values():
                pool.close()
            self._pools.clear()


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = DeadlineConnection

    def _get_conn(self, timeout: float | None = None) -> DeadlineConnection:
        return _fresh(super()._get_conn(timeout))  # type: ignore[arg-type, return-value]  # ConnectionCls above

    def _put_conn(self, conn: DeadlineConnection | None) -> None:  # type: ignore[override]  # ConnectionCls above
        if conn is not None:
            conn.idle_since = time.monotonic()
        super()._put_conn(conn)


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = DeadlineTlsConnection

    def _validate_conn(self, conn: DeadlineTlsConnection) -> None:  # type: ignore[override]  # ConnectionCls above
        # Without urllib3's warning at each request: unchecked certificates were switched on by name.
        if conn.is_closed:
            conn.connect()

    def _get_conn(self, timeout: float | None = None) -> DeadlineTlsConnection:
        return _fresh(super()._get_conn(timeout))  # type: ignore[arg-type, return-value]  # ConnectionCls above

    def _put_conn(self, conn: DeadlineTlsConnection | None) -> None:  # type: ignore[override]  # ConnectionCls above
        if conn is not None:
            conn.idle_since = time.monotonic()
        super()._put_conn(conn)


def _fresh(connection: DeadlineConnection | DeadlineTlsConnection) -> DeadlineConnection | DeadlineTlsConnection:
    """A connection that lay idle too long is closed first: what is sent into a dying one stays unclear."""
    if connection.stale():
        connection.close()
    connection.idle_since = 0.0
    return connection


def _make_pool(target: Target, url: str, tls: tuple[str, str, str]) -> urllib3.HTTPConnectionPool:
    parts = urlsplit(url)
    host = parts.hostname
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError(f"no HTTP address for endpoint {target.endpoint}")
    if parts.scheme == "http":
        return _Pool(host, parts.port, maxsize=_KEPT, block=False)
    context = tls_context(verify=target.verify_tls, authorities=tls[0], certificate=tls[1], key=tls[2])
    return _TlsPool(
        host, parts.port, maxsize=_KEPT, block=False, ssl_context=context,
        cert_reqs="CERT_REQUIRED" if target.verify_tls else "CERT_NONE", assert_hostname=None,
    )  # fmt: skip


def _headers(outgoing: Outgoing) -> dict[str, str]:
    """Values go out as UTF-8, which HTTP's Latin-1 texts carry byte for byte."""
    given = {"Accept-Encoding": "identity", "User-Agent": "lienthong", **outgoing.headers}
    return {name: value.encode("utf-8").decode("latin-1") for name, value in given.items()}


def _words(error: Exception) -> str:
    """For operators. What is wrong with a value may quote it, and the value may be a secret: only its kind is told."""
    quotes = isinstance(error, ValueError) and not isinstance(error, HTTPError)
    return type(error).__name__ if quotes else f"{type(error).__name__}: {error}"[:300]


def _path(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _read(response: BaseHTTPResponse, limit: int) -> bytes:
    announced = response.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise _TooLarge(f"reply of {announced} bytes, limit {limit}")
    body = bytearray()
    while block := response.read(_BLOCK):
        body += block
        if len(body) > limit:
            raise _TooLarge(f"reply over {limit} bytes")
    return bytes(body)


def _worth_another_try(error: BaseException) -> bool:
    """A certificate that does not fit will not fit in a moment either."""
    return isinstance(error, HTTPError | OSError) and not isinstance(error, SSLError)


def _fault(error: Exception, underway: Underway) -> Fault:
    if isinstance(error, _TooLarge):
        return Fault.TOO_LARGE
    if not underway.sent:
        return Fault.CONNECT
    timed_out = isinstance(error, TimeoutError | ReadTimeoutError) or time.monotonic() >= underway.until
    return Fault.TIMEOUT if timed_out else Fault.RESET


def _exchange(
    outgoing: Outgoing, *, sent: bool, started: float, fault: Fault = Fault.NONE, status: int = 0,
    headers: Mapping[str, str] | None = None, body: bytes = b"", detail: str = "",
) -> Exchange:  # fmt: skip
    return Exchange(
        fault=fault, sent=sent, status=status, headers=headers or {}, body=body, peer=peer_of(outgoing.url),
        duration_ms=int((time.monotonic() - started) * 1000),
        request_sha256=hashlib.sha256(outgoing.body).hexdigest(), request_size=len(outgoing.body), detail=detail,
    )  # fmt: skip


def peer_of(url: str) -> str:
    """host:port of an address."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def unsent(order: SendOrder, fault: Fault, detail: str, *, duration_ms: int = 0) -> Exchange:
    """An exchange that ended before the message could be sent."""
    return Exchange(
        fault=fault, sent=False, status=0, headers={}, body=b"", peer=peer_of(order.target.address),
        duration_ms=duration_ms, request_sha256=hashlib.sha256(order.content).hexdigest(),
        request_size=len(order.content), detail=detail,
    )  # fmt: skip
