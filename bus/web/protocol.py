"""uvicorn's HTTP protocol with bounds it lacks: size and number of headers, and time for head and body."""

from __future__ import annotations

from asyncio import TimerHandle

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADER_BYTES = 32 * 1024
HEADER_COUNT = 100
HEAD_S = 10.0  # from the first byte of a request to the end of its headers
BODY_S = 60.0  # to the end of its body; the door itself answers earlier, in the caller's protocol


class BoundedProtocol(HttpToolsProtocol):
    """One connection. A caller out of bounds is cut off."""

    _size = 0
    _timer: TimerHandle | None = None

    def connection_made(self, transport) -> None:  # type: ignore[no-untyped-def]  # as in uvicorn
        """A caller that connects and says nothing has as long as one that begins."""
        super().connection_made(transport)
        self._arm(HEAD_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """No more time is kept."""
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
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Everything is here."""
        self._disarm()
        super().on_message_complete()

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
            self.transport.abort()
