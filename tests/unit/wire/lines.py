"""A server of bytes for the tests: says exactly what the test wants, as slowly as it wants, on a free port."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Play = Callable[[socket.socket, bytes], None]


@dataclass
class Line:
    """What a scripted server saw."""

    address: str
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0


@contextmanager
def serving(play: Play, *, tls: ssl.SSLContext | None = None) -> Iterator[Line]:
    """Serves `play(socket, request)` once per request read, on each connection, until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    scheme = "https" if tls else "http"
    line = Line(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/dich-vu")
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def talk(connection: socket.socket) -> None:
        try:
            with tls.wrap_socket(connection, server_side=True) if tls else connection as open_socket:
                open_socket.settimeout(10)
                while not stop.is_set() and (request := read_request(open_socket)):
                    line.requests.append(request)
                    play(open_socket, request)
        except OSError:
            return

    def accept() -> None:
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            line.connections += 1
            threads.append(threading.Thread(target=talk, args=(connection,), daemon=True))
            threads[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield line
    finally:
        stop.set()
        accepting.join(5)
        listener.close()


def read_request(open_socket: socket.socket) -> bytes:
    """One request with its body; b"" at the end of the connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        block = open_socket.recv(65536)
        if not block:
            return b""
        data += block
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(h.split(b":")[1]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += open_socket.recv(65536)
    return head + b"\r\n\r\n" + body


def answer(body: bytes | str, *, status: str = "200 OK", media: str = "application/json", extra: str = "") -> bytes:
    """A whole HTTP response."""
    raw = body.encode() if isinstance(body, str) else body
    head = f"HTTP/1.1 {status}\r\nContent-Type: {media}\r\nContent-Length: {len(raw)}\r\n{extra}\r\n"
    return head.encode() + raw


def says(*answers: bytes) -> Play:
    """Answers one after the other; the last one for ever."""
    left = list(answers)

    def play(open_socket: socket.socket, request: bytes) -> None:
        open_socket.sendall(left.pop(0) if len(left) > 1 else left[0])

    return play


def trickles(piece: bytes, *, every_s: float, first: bytes = b"") -> Play:
    """Sends `first`, then one piece after the other without end."""

    def play(open_socket: socket.socket, request: bytes) -> None:
        open_socket.sendall(first)
        while True:
            time.sleep(every_s)
            open_socket.sendall(piece)

    return play


def silent(open_socket: socket.socket, request: bytes) -> None:
    """Reads and never answers."""
    time.sleep(10)


def resets(open_socket: socket.socket, request: bytes) -> None:
    """Reads the request, then breaks the connection hard."""
    open_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    open_socket.close()
