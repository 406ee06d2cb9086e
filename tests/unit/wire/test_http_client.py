"""The HTTP client keeps one total deadline, bounds replies, and tells truthfully whether bytes were sent."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from adapters.wire.contract import Exchange, Fault, Target
from adapters.wire.http_client import HttpClient, Outgoing
from tests.unit.wire.lines import answer, resets, says, serving, silent, trickles


@pytest.fixture
def client() -> Iterator[HttpClient]:
    """A client of the test's own."""
    made = HttpClient()
    yield made
    made.close()


def exchange(
    client: HttpClient, address: str, *, timeout_s: float = 5.0, limit: int = 100_000, **more: bool
) -> Exchange:
    """One POST."""
    target = Target("dau_cuoi", address, {}, reply_limit_bytes=limit, **more)
    return client.exchange(target, Outgoing(address, b"<a/>", {"Content-Type": "text/xml"}, timeout_s))


def test_a_reply_comes_back_with_lower_case_headers_and_the_requests_hash(client: HttpClient) -> None:
    """What was sent and what came can be put into evidence."""
    with serving(says(answer("{}", extra="Retry-After: 7\r\n"))) as line:
        got = exchange(client, line.address)
    assert (got.fault, got.sent, got.status, got.body) == (Fault.NONE, True, 200, b"{}")
    assert got.headers["retry-after"] == "7"
    assert got.request_size == 4
    assert len(got.request_sha256) == 64
    assert got.peer == line.address.split("/")[2]


def test_connections_are_kept_and_used_again(client: HttpClient) -> None:
    """Ten calls need one connection."""
    with serving(says(answer("{}"))) as line:
        assert [exchange(client, line.address).status for _ in range(10)] == [200] * 10
        assert line.connections == 1


def test_nobody_listening_is_connect_and_not_sent(client: HttpClient) -> None:
    """A refused connection surely delivered nothing; it was tried three times."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    started = time.monotonic()
    got = exchange(client, f"http://127.0.0.1:{port}/")
    assert (got.fault, got.sent) == (Fault.CONNECT, False)
    assert 0.15 < time.monotonic() - started < 2


def test_a_connection_that_comes_late_is_found_by_the_second_try(client: HttpClient) -> None:
    """A partner in the middle of a restart is not a failed attempt."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    def late() -> None:
        time.sleep(0.06)
        with socket.create_server(("127.0.0.1", port)) as listener:
            connection, _ = listener.accept()
            connection.recv(65536)
            connection.sendall(answer("{}"))
            connection.close()

    thread = threading.Thread(target=late, daemon=True)
    thread.start()
    assert exchange(client, f"http://127.0.0.1:{port}/").status == 200
    thread.join(5)


def test_an_unknown_host_is_connect_and_not_sent(client: HttpClient) -> None:
    """A name that does not resolve delivered nothing."""
    got = exchange(client, "http://khong-co.invalid/", timeout_s=3)
    assert (got.fault, got.sent) == (Fault.CONNECT, False)


def test_silence_is_timeout_and_sent(client: HttpClient) -> None:
    """Nobody knows what a silent partner did."""
    with serving(silent) as line:
        started = time.monotonic()
        got = exchange(client, line.address, timeout_s=0.4)
    assert (got.fault, got.sent) == (Fault.TIMEOUT, True)
    assert time.monotonic() - started < 1.5


@pytest.mark.parametrize(
    ("first", "piece"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ],
)
def test_a_trickling_server_does_not_stretch_the_deadline(client: HttpClient, first: bytes, piece: bytes) -> None:
    """One byte now and then does not begin the time anew, neither in the head nor in the body."""
    with serving(trickles(piece, every_s=0.05, first=first)) as line:
        started = time.monotonic()
        got = exchange(client, line.address, timeout_s=0.5)
        took = time.monotonic() - started
    assert (got.fault, got.sent) == (Fault.TIMEOUT, True)
    assert 0.4 < took < 1.2


def test_a_broken_connection_after_the_request_is_reset_and_sent(client: HttpClient) -> None:
    """The partner may have taken it before the line broke."""
    with serving(resets) as line:
        got = exchange(client, line.address)
        assert len(line.requests) == 1
    assert (got.fault, got.sent) == (Fault.RESET, True)


def test_a_reply_cut_short_is_reset(client: HttpClient) -> None:
    """Half an answer is no answer."""

    def cut(open_socket: socket.socket, request: bytes) -> None:
        open_socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}")
        open_socket.shutdown(socket.SHUT_RDWR)

    with serving(cut) as line:
        got = exchange(client, line.address)
    assert (got.fault, got.sent) == (Fault.RESET, True)


def test_rubbish_instead_of_http_is_reset(client: HttpClient) -> None:
    """Something answered, but not HTTP."""
    with serving(says(b"220 mail.example ESMTP\r\n")) as line:
        got = exchange(client, line.address, timeout_s=2)
    assert (got.fault, got.sent) == (Fault.RESET, True)


@pytest.mark.parametrize(
    "head",
    ["Content-Length: 5000000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n", "Connection: close\r\n\r\n"],
)
def test_a_reply_over_the_limit_is_cut_off(client: HttpClient, head: str) -> None:
    """Announced or not, a reply without end costs no memory."""

    def flood(open_socket: socket.socket, request: bytes) -> None:
        open_socket.sendall(b"HTTP/1.1 200 OK\r\n" + head.encode())
        while True:
            open_socket.sendall(b"2710\r\n" + b"x" * 10_000 + b"\r\n")

    with serving(flood) as line:
        got = exchange(client, line.address)
    assert (got.fault, got.sent, got.body) == (Fault.TOO_LARGE, True, b"")


def test_a_packed_reply_is_bounded_after_unpacking(client: HttpClient) -> None:
    """A small bomb is a large reply."""
    bomb = gzip.compress(b"\0" * 50_000_000)
    with serving(says(answer(bomb, extra="Content-Encoding: gzip\r\n"))) as line:
        got = exchange(client, line.address, limit=1_000_000)
    assert got.fault is Fault.TOO_LARGE


def test_redirects_are_not_followed(client: HttpClient) -> None:
    """A partner cannot send our messages elsewhere."""
    moved = answer("", status="307 Temporary Redirect", extra="Location: http://khac.example/\r\n")
    with serving(says(moved)) as line:
        got = exchange(client, line.address)
        assert (got.status, len(line.requests)) == (307, 1)


def test_a_kept_connection_that_went_stale_is_not_trusted(client: HttpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a pause a new connection is made, so that no message is sent into a dying one."""
    monkeypatch.setattr("adapters.wire.deadline.IDLE_S", 0.05)
    with serving(says(answer("{}"))) as line:
        exchange(client, line.address)
        time.sleep(0.1)
        assert exchange(client, line.address).status == 200
        assert line.connections == 2


def test_endpoints_do_not_share_connections(client: HttpClient) -> None:
    """One endpoint's pool is its own, also towards the same server."""
    with serving(says(answer("{}"))) as line:
        for endpoint in ("mot", "hai"):
            target = Target(endpoint, line.address, {})
            client.exchange(target, Outgoing(line.address, b"", {}, 5.0))
        assert line.connections == 2


def test_no_time_left_sends_nothing(client: HttpClient) -> None:
    """A deadline already over is told as not sent."""
    with serving(says(answer("{}"))) as line:
        got = exchange(client, line.address, timeout_s=0.0)
        assert (got.fault, got.sent, line.requests) == (Fault.CONNECT, False, [])


def test_an_address_that_is_none_is_a_fault_not_a_crash(client: HttpClient) -> None:
    """A mistake in the settings stops nobody else."""
    assert exchange(client, "ftp://a.example/").fault is Fault.CONNECT
