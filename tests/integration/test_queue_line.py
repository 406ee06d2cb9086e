"""A thread's own connection to the queue's server."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from bus.queue import EmbeddedServer
from bus.queue.address import Address, open_client
from bus.queue.line import Lines


class Interrupted(BaseException):
    """As a signal's handler may raise anywhere."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """A private server for one test."""
    started = EmbeddedServer(tmp_path / "queue")
    started.start()
    yield started
    started.stop()


def test_interrupted_reply_is_nobodys(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that is broken off before its reply leaves nothing behind: the next call gets its own reply."""
    with redis.Redis.from_url(server.url, decode_responses=True) as client:
        lines = Lines()
        assert lines.ask(client, ("ECHO", "one")) == "one"
        connection = lines._line(client).connection
        read = connection.read_response

        def broken_off() -> None:
            monkeypatch.setattr(connection, "read_response", read)
            raise Interrupted

        monkeypatch.setattr(connection, "read_response", broken_off)
        with pytest.raises(Interrupted):
            lines.ask(client, ("ECHO", "two"))
        assert lines.ask(client, ("ECHO", "three")) == "three"


def test_thread_gives_its_connection_back(server: EmbeddedServer) -> None:
    """Threads that come and go leave no connections behind."""
    with redis.Redis.from_url(server.url, decode_responses=True) as client:
        lines = Lines()
        for _ in range(5):
            job = threading.Thread(target=lines.ask, args=(client, ("PING",)))
            job.start()
            job.join()
        gc.collect()
        assert len(client.client_list()) == 1


def test_killed_connection_is_opened_again(server: EmbeddedServer) -> None:
    """A server that ends the connection is asked again over a new one."""
    with open_client(Address(server.url)) as client:
        assert isinstance(client, redis.Redis)
        lines = Lines()
        lines.ask(client, ("PING",))
        client.client_kill_filter(_type="normal", skipme=True)
        assert lines.ask(client, ("ECHO", "again")) == "again"
