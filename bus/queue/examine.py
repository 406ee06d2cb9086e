"""Looks at a queue's servers from outside, for the doctor: what they are, whether they keep and never throw away."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, replace

import redis
from redis.cluster import RedisCluster
from redis.exceptions import RedisClusterException

from bus.ports import QueueUnavailable
from bus.queue.address import Address, open_client

_PATIENCE_S = 3.0


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What a server says of itself."""

    kind: str  # "redis" | "valkey"
    version: str
    append_only: bool  # keeps what it was told over a restart
    write_ok: bool  # its last write to disk went well
    eviction: str  # "noeviction", or what it does when memory is full; "" = not told
    skew_s: float  # its clock minus ours, half a round trip taken off
    place: str = ""  # host:port, where there are several
    replicas: int = 0  # connected to it


def examine(address: Address | str) -> tuple[ServerFacts, ...]:
    """Asks the server, the master that the sentinels name, or each master of a cluster.

    Raises:
        QueueUnavailable: one does not answer.
    """
    where = Address(address) if isinstance(address, str) else address
    try:
        with contextlib.closing(open_client(replace(where, patience_s=_PATIENCE_S))) as client:
            if not isinstance(client, RedisCluster):
                return (_facts(client, ""),)
            nodes = sorted(client.get_primaries(), key=lambda node: str(node.name))  # type: ignore[no-untyped-call]  # redis-py's
            return tuple(_facts(client.get_redis_connection(node), str(node.name)) for node in nodes)
    except (redis.RedisError, RedisClusterException, OSError) as fault:
        raise QueueUnavailable(str(fault)) from fault


def _facts(client: redis.Redis, place: str) -> ServerFacts:
    before = time.time()
    seconds, micros = client.time()
    after = time.time()
    told = client.info("server", "persistence", "memory", "replication")
    kind = "valkey" if "valkey_version" in told else "redis"
    return ServerFacts(
        kind=kind,
        version=str(told.get(f"{kind}_version", "?")),
        append_only=bool(int(told.get("aof_enabled", 0))),
        write_ok=told.get("aof_last_write_status", "ok") == "ok",
        eviction=str(told.get("maxmemory_policy", "")),
        skew_s=int(seconds) + int(micros) / 1e6 - (before + after) / 2,
        place=place,
        replicas=int(told.get("connected_slaves", 0)),
    )
