"""The proxy with faults: what each fault does to a caller and to the partner, over real TCP."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.chaos.proxied import Proxied, proxied


@dataclass
class Line:
    """A caller's side of the proxy."""

    proxy: Proxied
    partner: Any  # the `door` fixture's Door, which pytest does not let us import

    def call(self, *, timeout_s: float = 5.0, body: bytes = b"hello") -> bytes:
        connection = http.client.HTTPConnection(self.proxy.way, timeout=timeout_s)
        try:
            connection.request("POST", "/there", body)
            return connection.getresponse().read()
        finally:
            connection.close()

    def until_partner_has(self, calls: int) -> None:
        end = time.monotonic() + 5
        while len(self.partner.calls) < calls:
            assert time.monotonic() < end, self.partner.calls
            time.sleep(0.02)


@pytest.fixture
def line(door: Any) -> Iterator[Line]:
    """A proxy before a partner that answers 200 and a text of a hundred letters."""
    door.answer = lambda path, body: (200, b"a" * 100)
    with proxied(seed=1) as proxy:
        proxy.set(to=door.url)
        yield Line(proxy, door)


def test_without_fault_everything_passes(line: Line) -> None:
    """Also what is larger than one block."""
    assert line.call(body=b"x" * 300_000) == b"a" * 100
    assert len(line.partner.calls[0][2]) == 300_000


def test_delay(line: Line) -> None:
    """Request and answer both wait."""
    line.proxy.set(fault="delay", delay_ms=200)
    began = time.monotonic()
    assert line.call() == b"a" * 100
    assert time.monotonic() - began >= 0.4


def test_what_waits_is_thrown_away_when_its_caller_goes(line: Line) -> None:
    """A delayed request does not arrive after its caller has given up."""
    line.proxy.set(fault="delay", delay_ms=600)
    with pytest.raises(TimeoutError):
        line.call(timeout_s=0.2)
    time.sleep(1.0)
    assert line.partner.calls == []


def test_drop(line: Line) -> None:
    """Nothing reaches the partner, the caller hears nothing."""
    line.proxy.set(fault="drop")
    with pytest.raises(TimeoutError):
        line.call(timeout_s=0.5)
    assert line.partner.calls == []


def test_half_open(line: Line) -> None:
    """The partner has it, the caller hears nothing."""
    line.proxy.set(fault="half-open")
    with pytest.raises(TimeoutError):
        line.call(timeout_s=0.5)
    line.until_partner_has(1)


def test_reset_after_the_request(line: Line) -> None:
    """The partner has it, the caller's connection is reset."""
    line.proxy.set(fault="reset")
    with pytest.raises(ConnectionResetError):
        line.call()
    line.until_partner_has(1)


def test_cut(line: Line) -> None:
    """The answer ends in the middle."""
    line.proxy.set(fault="cut", cut_bytes=150)
    with pytest.raises((http.client.IncompleteRead, http.client.BadStatusLine)):
        line.call()
    line.until_partner_has(1)


def test_refuse(line: Line) -> None:
    """Nothing passes and the caller knows at once."""
    line.proxy.set(fault="refuse")
    with pytest.raises((ConnectionResetError, http.client.RemoteDisconnected)):
        line.call()
    assert line.partner.calls == []


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_rate(line: Line, rate: float) -> None:
    """The share of exchanges that are struck is the one asked for."""
    line.proxy.set(fault="reset", rate=rate)
    struck = 0
    for _ in range(5):
        try:
            line.call()
        except ConnectionResetError:
            struck += 1
    assert struck == 5 * rate


def test_an_unknown_switch_is_refused(line: Line) -> None:
    """With the nearest name, as with the other simulators."""
    with pytest.raises(Exception, match="400"):
        line.proxy.set(falt="drop")
    with pytest.raises(Exception, match="400"):
        line.proxy.set(fault="explode")
