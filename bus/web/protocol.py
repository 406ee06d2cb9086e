"""uvicorn's HTTP protocol with bounds it lacks: number of connections, size of headers, time for each part."""

from __future__ import annotations

from asyncio import TimerHandle
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bus.web.crowd import Crowd, Seat, Stage

HEADER_BYTES = 32 * 1024
HEADER_COUNT = 100
HEAD_S = 10.0  # from the first byte of a request to the end of its headers
BODY_S = 60.0  # to the end of its body; the door itself answers earlier, in the caller's protocol
_FOR_ALL = (b"/health", b"/ready")  # answered on reserved connections too
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nconnection: close\r\ncontent-type: text/plain\r\n"
    b"content-length: 33\r\n\r\nfull: send again in five seconds\n"
)


class BoundedProtocol(HttpToolsProtocol):
    """One connection. A caller out of bounds is cut off."""

    crowd: ClassVar[Crowd]  # of the server, see `bounded`
    _size = 0
    _timer: TimerHandle | None = None
    _seat = Seat.NONE

    def connection_made(self, transport) -> None:  # type: ignore[no-untyped-def]  # as in uvicorn
        """A caller that connects and says nothing has as long as one that begins."""
        super().connection_made(transport)
        self._seat = self.crowd.enter(self, self.client[0] if self.client else "")
        if self._seat is Seat.NONE:
            self.transport.abort()
            return
        self._arm(HEAD_S)

    def cut(self) -> None:
        """Another needs the place."""
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """No more time is kept."""
        self.crowd.leave(self)
        self._disarm()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._size = 0
        self._arm(HEAD_S)

    def on_url(self, url: bytes) -> None:
        """Part of the address."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._count(len(name) + len(value))
        super().on_header(name, value)
        if len(self.headers) > HEADER_COUNT:
            raise ValueError("too many headers")

    def on_headers_complete(self) -> None:
        """The body follows."""
        self._arm(BODY_S)
        self.crowd.move(self, Stage.READING)
        if self._seat is Seat.RESERVED and not self.url.startswith(_FOR_ALL):
            self.transport.write(_FULL)
            self.transport.close()
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of it."""
        if not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Everything is here."""
        self._disarm()
        if not self.transport.is_closing():
            self.crowd.move(self, Stage.WORKING)
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """It may ask again."""
        self.crowd.move(self, Stage.IDLE)
        super().on_response_complete()

    def _count(self, more: int) -> None:
        self._size += more
        if self._size > HEADER_BYTES:
            raise ValueError("headers too large")  # the parser turns it into a refusal: 400, connection closed

    def _arm(self, seconds: float) -> None:
        self._disarm()
        self._timer = self.loop.call_later(seconds, self._too_slow)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        if not self.transport.is_closing():
            self.crowd.turned_away["slow"] += 1
            self.transport.abort()


def bounded(crowd: Crowd) -> type[BoundedProtocol]:
    """The protocol of one server."""
    return type("BoundedProtocol", (BoundedProtocol,), {"crowd": crowd})
