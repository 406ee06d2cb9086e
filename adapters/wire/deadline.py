"""Sockets that know one total deadline: a server that trickles bytes cannot stretch an exchange.

urllib3's own timeouts begin anew with every read. Here each send and each read gets what is left of the whole.
The exchange under way is a context variable: an exchange lives in one thread from connect to the last byte.
"""

from __future__ import annotations

import socket
import ssl
import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any  # the standard library's buffers and socket arguments are untyped

from urllib3.connection import HTTPConnection, HTTPSConnection

IDLE_S = 4.0  # many servers close a kept connection after five seconds: a younger one is surely open


@dataclass(slots=True)
class Underway:
    """One exchange while it runs."""

    until: float  # time.monotonic()
    sent: bool = False  # a byte of the request may have left

    def left_s(self) -> float:
        """Seconds left.

        Raises:
            TimeoutError: none.
        """
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("deadline of the exchange is over")
        return left


CURRENT: ContextVar[Underway] = ContextVar("exchange under way")


class DeadlineSocket(socket.socket):
    """A plain socket under the exchange's deadline."""

    def recv_into(self, *args: Any, **kwargs: Any) -> int:  # Any: passed through
        self.settimeout(CURRENT.get().left_s())
        return super().recv_into(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:  # Any: passed through
        now = CURRENT.get()
        self.settimeout(now.left_s())
        now.sent = True
        super().sendall(*args, **kwargs)


class DeadlineTlsSocket(ssl.SSLSocket):
    """A TLS socket under the exchange's deadline. The handshake is not a byte of the request."""

    def recv_into(self, *args: Any, **kwargs: Any) -> int:  # Any: passed through
        self.settimeout(CURRENT.get().left_s())
        return super().recv_into(*args, **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> int:  # Any: passed through; sendall comes here in pieces
        now = CURRENT.get()
        self.settimeout(now.left_s())
        now.sent = True
        return super().send(*args, **kwargs)


class _Watched:
    """What both kinds of connection add to urllib3's: the socket, and the age of an idle connection."""

    idle_since: float = 0.0

    def stale(self) -> bool:
        """Unused for too long to be trusted."""
        return bool(self.idle_since) and time.monotonic() - self.idle_since > IDLE_S


class DeadlineConnection(_Watched, HTTPConnection):
    """HTTP under a deadline."""

    def _new_conn(self) -> socket.socket:
        return _watched(super()._new_conn())


class DeadlineTlsConnection(_Watched, HTTPSConnection):
    """HTTPS under a deadline."""

    def _new_conn(self) -> socket.socket:
        return _watched(super()._new_conn())


def _watched(plain: socket.socket) -> socket.socket:
    """The same connection as a watched socket; a TLS handshake that follows has what is left of the exchange."""
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    made = DeadlineSocket(plain.family, plain.type, plain.proto, fileno=plain.detach())
    made.settimeout(CURRENT.get().left_s())
    return made


def tls_context(*, verify: bool, authorities: str = "", certificate: str = "", key: str = "") -> ssl.SSLContext:
    """A client context; files are PEM."""
    context = ssl.create_default_context(cafile=authorities or None)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if certificate:
        context.load_cert_chain(certificate, key or None)
    context.sslsocket_class = DeadlineTlsSocket
    return context
