"""Connections over real sockets: neither one stranger nor many shut out the others; health is always answered."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from bus.web.crowd import RESERVED, Crowd
from tests.integration.door.running import Beyond, Running, running
from tests.unit.wire.parts import IN_BAND, envelope, gui, soap_system

STRANGER = "127.0.0.2"
SOON_S = 3.0


def connect(door: Running, source: str = "127.0.0.1") -> socket.socket:
    """A connection from an address."""
    return socket.create_connection(("127.0.0.1", door.port), timeout=10, source_address=(source, 0))


def ask(door: Running, request: bytes, source: str = "127.0.0.1") -> bytes:
    """One request on a connection of its own; b"" = shut out."""
    with connect(door, source) as line:
        try:
            line.sendall(request)
            found = b""
            while more := line.recv(65536):
                found += more
        except OSError:
            return b""
        return found


def get(path: str) -> bytes:
    """A request."""
    return f"GET {path} HTTP/1.1\r\nhost: a.example\r\nconnection: close\r\n\r\n".encode()


def call(body: str) -> bytes:
    """A call of the door."""
    raw = body.encode()
    head = f"POST /thu HTTP/1.1\r\nhost: a.example\r\ncontent-type: text/xml\r\ncontent-length: {len(raw)}\r\n"
    return head.encode() + b"connection: close\r\n\r\n" + raw


@contextmanager
def holding(door: Running, many: int, source: str, say: bytes = b"") -> Iterator[list[socket.socket]]:
    """So many connections that say no more than this."""
    with ExitStack() as stack:
        lines = []
        for _ in range(many):
            line = stack.enter_context(connect(door, source))
            lines.append(line)
            if say:
                line.sendall(say)
        time.sleep(0.2)
        yield lines


@pytest.fixture
def door() -> Iterator[Running]:
    """A small door: 30 connections, 10 of one address."""
    with running(soap_system(answers=IN_BAND), crowd=Crowd(most=30, per_address=10)) as made:
        yield made


@pytest.mark.parametrize("say", [b"", b"POST /thu HTTP/1.1\r\nhost: a", b"GET /health/live HTTP/1.1\r\nx: "])
def test_idle_connections_of_a_stranger_shut_nobody_out(door: Running, say: bytes) -> None:
    """A thousand connections that say nothing, or never end their headers: health and callers are served at once."""
    with holding(door, 1000, STRANGER, say):
        began = time.monotonic()
        assert b"200 OK" in ask(door, get("/health/live"))
        assert b"200 OK" in ask(door, get("/health/ready"))
        assert b"<loi>0</loi>" in ask(door, call(envelope(gui())))
        assert time.monotonic() - began < SOON_S


def test_the_strangers_own_address_is_served_too(door: Running) -> None:
    """Behind a shared address the newest counts: those that only wait give way to it."""
    with holding(door, 200, STRANGER):
        assert b"200 OK" in ask(door, get("/health/live"), STRANGER)
        assert b"<loi>0</loi>" in ask(door, call(envelope(gui())), STRANGER)


def test_many_strangers(door: Running) -> None:
    """From many addresses, none of them over its own limit."""
    with ExitStack() as stack:
        for number in range(2, 12):
            stack.enter_context(holding(door, 9, f"127.0.0.{number}"))
        assert b"200 OK" in ask(door, get("/health/live"))
        assert b"<loi>0</loi>" in ask(door, call(envelope(gui())))


def test_slow_bodies_give_way(door: Running) -> None:
    """Who announces a large body and sends a byte a minute holds a place only until another needs it."""
    slow = b"POST /thu HTTP/1.1\r\nhost: a\r\ncontent-type: text/xml\r\ncontent-length: 100000\r\n\r\n<"
    with ExitStack() as stack:
        for number in range(2, 6):
            stack.enter_context(holding(door, 10, f"127.0.0.{number}", slow))
        assert b"200 OK" in ask(door, get("/health/live"))
        assert b"<loi>0</loi>" in ask(door, call(envelope(gui())))


def test_health_is_answered_when_everybody_is_being_served() -> None:
    """All places are taken by calls under way: they are finished, health has places of its own, others are told when to
    come again."""
    beyond = Beyond(slow_s=2.0)
    with running(soap_system(answers=IN_BAND), crowd=Crowd(most=8, per_address=8), beyond=beyond) as door:
        with ExitStack() as stack:
            lines = []
            for number in range(8):
                line = stack.enter_context(connect(door, f"127.0.0.{2 + number % 4}"))
                line.sendall(call(envelope(gui())))
                lines.append(line)
            time.sleep(0.4)
            assert b"200 OK" in ask(door, get("/health/live"))
            refused = ask(door, call(envelope(gui())))
            assert refused.startswith(b"HTTP/1.1 503")
            assert b"retry-after: 5" in refused
            assert all(b"<loi>0</loi>" in line.makefile("rb").read() for line in lines)
        assert b"<loi>0</loi>" in ask(door, call(envelope(gui())))
    assert RESERVED > 8


def test_a_busy_caller_is_never_ended_for_another() -> None:
    """What is being answered is answered, however many knock."""
    beyond = Beyond(slow_s=1.5)
    small = Crowd(most=10, per_address=5)
    with running(soap_system(answers=IN_BAND), crowd=small, beyond=beyond) as door, connect(door, STRANGER) as line:
        line.sendall(call(envelope(gui())))
        time.sleep(0.3)
        with holding(door, 50, STRANGER), holding(door, 50, "127.0.0.3"):
            assert b"<loi>0</loi>" in line.makefile("rb").read()


def test_a_connection_is_used_again(door: Running) -> None:
    """Ten calls on one connection, one after the other."""
    with connect(door) as line:
        reader = line.makefile("rb")
        for _ in range(10):
            line.sendall(call(envelope(gui())).replace(b"connection: close\r\n", b""))
            assert reader.readline() == b"HTTP/1.1 200 OK\r\n"
            length = 0
            while (header := reader.readline()) != b"\r\n":
                if header.lower().startswith(b"content-length:"):
                    length = int(header.split(b":")[1])
            assert b"<loi>0</loi>" in reader.read(length)


def test_wrong_passwords_make_one_wait() -> None:
    """After ten wrong tries that name waits at that address, with a retryable answer; the same name elsewhere, and
    other names here, do not; the right password does not help before the time is over."""
    with running(soap_system()) as door:
        wrong, right = call(envelope(gui(password="sai"))), call(envelope(gui()))
        said = [ask(door, wrong, STRANGER) for _ in range(12)]
        assert b"LT-DOOR-001" in said[9]
        assert b"LT-DOOR-010" in said[11]
        assert b"LT-DOOR-010" in ask(door, right, STRANGER)
        assert b"200 OK" in ask(door, right)
        time.sleep(2.1)
        assert b"200 OK" in ask(door, right, STRANGER)
        assert b"LT-DOOR-001" in ask(door, wrong, STRANGER)


def test_live_is_json(door: Running) -> None:
    """For supervisors."""
    reply = ask(door, get("/health/live"))
    assert json.loads(reply.partition(b"\r\n\r\n")[2]) == {"live": True}
