"""Where the queue is: every form of address, and what is wrong with one."""

from __future__ import annotations

import pytest
import redis

from bus.queue.address import Address, check_url, open_client


@pytest.mark.parametrize(
    "url",
    [
        "redis://a.example/0",
        "rediss://a.example:6380/0",
        "unix:///run/redis.sock?db=1",
        "redis+sentinel://a.example,b.example:26380/lienthong?db=2",
        "rediss+sentinel://u:p@a.example/lienthong",
        "redis+cluster://a.example:7000,b.example:7001",
    ],
)
def test_taken(url: str) -> None:
    """One server, a socket, sentinels, a cluster."""
    check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://a",
        "a.example:6379",
        "redis+sentinel://a.example",
        "redis+cluster://a.example/0",
        "redis+cluster://,",
    ],
)
def test_refused(url: str) -> None:
    """Anything else is told, before anything is connected."""
    with pytest.raises(ValueError, match="/"):
        check_url(url)


def test_sentinels() -> None:
    """Passwords of the server and of the sentinels are two; secrets are in no representation."""
    address = Address("redis+sentinel://a.example/lienthong?db=3", "bus", "bi-mat", "bi-mat-2")
    assert "bi-mat" not in repr(address)
    client = open_client(address)
    assert isinstance(client, redis.Redis)
    given = client.connection_pool.connection_kwargs
    assert (given["db"], given["username"], given["password"]) == (3, "bus", "bi-mat")
    assert "sentinel_kwargs" not in given
    (sentinel,) = client.connection_pool.sentinel_manager.sentinels
    asked = sentinel.connection_pool.connection_kwargs
    assert (asked["host"], asked["port"], asked["password"]) == ("a.example", 26379, "bi-mat-2")
    client.close()


def test_in_the_address() -> None:
    """A user and a password may stand in the address, as for one server."""
    client = open_client(Address("redis+sentinel://bus:bi%20mat@a.example/lienthong"))
    assert isinstance(client, redis.Redis)
    given = client.connection_pool.connection_kwargs
    assert (given["username"], given["password"]) == ("bus", "bi mat")
    client.close()
