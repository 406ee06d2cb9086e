"""Looks at a queue server from outside, for the doctor: what it is, whether it keeps and never throws away."""

from __future__ import annotations

import time
from dataclasses import dataclass

import redis

from bus.ports import QueueUnavailable

_TIMEOUT_S = 3.0


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What a server says of itself."""

    kind: str  # "redis" | "valkey"
    version: str
    append_only: bool  # keeps what it was told over a restart
    write_ok: bool  # its last write to disk went well
    eviction: str  # "noeviction", or what it does when memory is full; "" = not told
    skew_s: float  # its clock minus ours, half a round trip taken off


def examine(url: str) -> ServerFacts:
    """Asks one server.

    Raises:
        QueueUnavailable: it does not answer.
    """
    client: redis.Redis = redis.Redis.from_url(
        url, decode_responses=True, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S
    )
    try:
        before = time.time()
        seconds, micros = client.time()
        after = time.time()
        server, kept, memory = client.info("server"), client.info("persistence"), client.info("memory")
    except (redis.RedisError, OSError) as fault:
        raise QueueUnavailable(str(fault)) from fault
    finally:
        client.close()
    kind = "valkey" if "valkey_version" in server else "redis"
    return ServerFacts(
        kind=kind,
        version=str(server.get(f"{kind}_version", "?")),
        append_only=bool(int(kept.get("aof_enabled", 0))),
        write_ok=kept.get("aof_last_write_status", "ok") == "ok",
        eviction=str(memory.get("maxmemory_policy", "")),
        skew_s=int(seconds) + int(micros) / 1e6 - (before + after) / 2,
    )
