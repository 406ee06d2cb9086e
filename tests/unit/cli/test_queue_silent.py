"""A queue's server that takes connections and never answers: commands say so and go on with what the journal knows."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bus.journal import open_journal
from bus.queue import connection
from bus.records import EndpointOrder
from bus.settings import load
from tests.unit.cli.conftest import Typed

PARTNERS = """
[endpoints.x]
system = "cong_dvcqg"
address = "http://127.0.0.1:9/x"
"""


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """Frozen: the kernel takes the connections, nobody reads from them."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        made.listen(64)
        yield made


@pytest.fixture
def folder(tmp_path: Path, silent: socket.socket, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bus with one endpoint that a person paused, and that server."""
    monkeypatch.setattr("bus.compose.QUEUE_S", 0.2)
    monkeypatch.setattr("bus.cli.endpoint.QUEUE_S", 0.2, raising=False)
    (tmp_path / "partners.toml").write_text(PARTNERS, encoding="utf-8")
    url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
    head = f'data = "{tmp_path / "data"}"\n[queue]\nredis_url = "{url}"\npartitions = 8\n'
    (tmp_path / "lienthong.toml").write_text(head, encoding="utf-8")
    (tmp_path / "data").mkdir()
    journal = open_journal(load(tmp_path).journal_url())
    journal.new_generation().result(20)
    journal.order(EndpointOrder("x", "nguyen.an", "bảo trì", paused=True)).result(20)
    journal.close()
    return tmp_path


def connections(silent: socket.socket) -> int:
    """How often it was asked."""
    silent.setblocking(False)
    taken = 0
    while True:
        try:
            silent.accept()[0].close()
            taken += 1
        except BlockingIOError:
            return taken


def test_the_list_of_endpoints_asks_once(lienthong: Typed, folder: Path, silent: socket.socket) -> None:
    """One try for all partitions; what a person ordered is known from the journal, and that the queue is silent is
    said beside it."""
    said = lienthong("-c", folder, "endpoint", "list", "--json")
    assert said.code == 0
    assert "Hàng đợi không trả lời" in said.err
    [line] = said.json()
    assert (line["endpoint"], line["paused"], line["who"], line["ready"]) == ("x", True, "nguyen.an", None)
    assert connections(silent) == 1


def test_an_order_is_kept_though_the_queue_is_silent(lienthong: Typed, folder: Path, silent: socket.socket) -> None:
    """Recorded in the journal; that the queue was not told is said."""
    said = lienthong("-c", folder, "endpoint", "resume", "x", "--why", "xong", "--json")
    assert (said.code, said.json()["queue_told"], said.json()["paused"]) == (0, False, False)
    assert connections(silent) == 1


def test_the_doctor_asks_once(lienthong: Typed, folder: Path, silent: socket.socket) -> None:
    """LT-DOC-020, and everything else is looked at all the same."""
    said = lienthong("-c", folder, "doctor", "--json")
    findings = said.json()["findings"]
    assert said.code == 1
    assert "LT-DOC-020" in {found["code"] for found in findings}
    assert [found["area"] for found in findings][-1] == "endpoints"
    assert connections(silent) == 1


def test_work_goes_on_trying(silent: socket.socket) -> None:
    """Only where a person waits is a silent server let alone; a worker's client asks again."""
    from bus.queue.address import Address

    server = connection.Server(Address(f"redis://127.0.0.1:{silent.getsockname()[1]}/0"))
    server.look_again(connection.redis.TimeoutError("silent"))
    server.check()
    server.close()
