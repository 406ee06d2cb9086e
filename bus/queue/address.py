"""Where the queue's server is: one server, a master that sentinels know, or a cluster; and a client for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any  # keyword arguments of redis-py's clients
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import redis
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.retry import Retry
from redis.sentinel import Sentinel

Client = redis.Redis | RedisCluster

_REPEATS = 2  # after the first try; a server that is away answers at once on a unix socket
_TIMEOUT_S = 10.0  # longer than the worst fsync stall seen
_OVER_S = 3.0  # where another server takes over: one that froze is not waited for so long
_ASK_S = 1.0  # a sentinel
_PORT, _SENTINEL_PORT = 6379, 26379
_MANY = ("redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster")
FORMS = "redis://…, rediss://…, unix://…, redis+sentinel://a:26379,b:26379/service?db=0, redis+cluster://a:6379,b:6379"


@dataclass(frozen=True, slots=True)
class Address:
    """How to get at the queue. Secrets are the values themselves, already resolved."""

    url: str
    user: str = ""
    password: str = field(default="", repr=False)
    sentinel_password: str = field(default="", repr=False)
    patience_s: float = 0.0  # a person waits: one try, no longer than this; 0 = work, which tries again

    @property
    def is_cluster(self) -> bool:
        """Keys are spread over several servers."""
        return urlsplit(self.url).scheme.endswith("+cluster")

    @property
    def is_sentinel(self) -> bool:
        """Sentinels say which server it is."""
        return urlsplit(self.url).scheme.endswith("+sentinel")


def check_url(url: str) -> None:
    """Says what is wrong with an address, before anything is connected.

    Raises:
        ValueError: it cannot be read.
    """
    parts = urlsplit(url)
    if parts.scheme in _MANY:
        _hosts(parts, _PORT)
        if "+sentinel" in parts.scheme and not parts.path.strip("/"):
            raise ValueError(f"thiếu tên dịch vụ sau dấu / / the service's name is missing after the /: {FORMS}")
        if "+cluster" in parts.scheme and parts.path.strip("/"):
            raise ValueError(f"cụm không có cơ sở dữ liệu / a cluster has no databases: {FORMS}")
    elif parts.scheme not in ("redis", "rediss", "unix"):
        raise ValueError(f"phải là một trong / must be one of: {FORMS}")


def open_client(address: Address, **more: Any) -> Client:  # Any: of redis-py's clients
    """A client. One server and sentinels are not asked anything yet; a cluster is asked who has what.

    Raises:
        redis.RedisError, redis.exceptions.RedisClusterException: the cluster does not answer.
    """
    parts = urlsplit(address.url)
    if parts.scheme not in _MANY:
        return redis.Redis.from_url(address.url, **{**_options(address, _TIMEOUT_S), **_once(address), **more})
    # A repeat inside redis-py goes to the server that was master before: `Server.look_again` repeats instead.
    options = {**_options(address, _OVER_S), "retry": Retry(NoBackoff(), 0), **_once(address), **more}
    if parts.scheme.startswith("rediss"):
        options["ssl"] = True
    if address.is_cluster:
        nodes = [ClusterNode(*place) for place in _hosts(parts, _PORT)]  # type: ignore[no-untyped-call]  # redis-py's
        return RedisCluster(startup_nodes=nodes, require_full_coverage=False, **options)
    asking: dict[str, object] = {"socket_timeout": _ASK_S, "socket_connect_timeout": _ASK_S}
    if address.sentinel_password:
        asking["password"] = address.sentinel_password
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    options["db"] = int(query.get("db", 0))
    sentinel = Sentinel(_hosts(parts, _SENTINEL_PORT), sentinel_kwargs=asking, **options)  # type: ignore[no-untyped-call]  # redis-py's
    master: redis.Redis = sentinel.master_for(parts.path.strip("/"), redis_class=redis.Redis)  # type: ignore[no-untyped-call]  # redis-py's
    return master


def _options(address: Address, timeout_s: float) -> dict[str, Any]:  # Any: of redis-py's clients
    options: dict[str, Any] = {
        "decode_responses": True,
        "socket_timeout": timeout_s,
        "socket_connect_timeout": 2.0,
        "retry": Retry(ExponentialBackoff(cap=0.1, base=0.02), _REPEATS),
    }
    parts = urlsplit(address.url)
    user, password = address.user, address.password
    if parts.scheme in _MANY and "@" in parts.netloc:
        user, _, said = parts.netloc.rpartition("@")[0].partition(":")
        user, password = user or address.user, unquote(said) or password
    if user:
        options["username"] = user
    if password:
        options["password"] = password
    return options


def _once(address: Address) -> dict[str, Any]:  # Any: of redis-py's clients
    if not address.patience_s:
        return {}
    limit_s = address.patience_s / 2  # to connect, and to answer
    return {"socket_timeout": limit_s, "socket_connect_timeout": limit_s, "retry": Retry(NoBackoff(), 0)}


def _hosts(parts: SplitResult, port: int) -> list[tuple[str, int]]:
    """Several, comma between: urlsplit leaves them as they are."""
    found: list[tuple[str, int]] = []
    for one in parts.netloc.rpartition("@")[2].split(","):
        place = urlsplit(f"//{one}")
        if not place.hostname:
            raise ValueError(f"thiếu máy / a host is missing: {FORMS}")
        found.append((place.hostname, place.port or port))
    return found
