"""One connection pool to the server: calls functions, loads them when they are gone, names the faults.

redis-py repeats a command after a connection fault; every function is idempotent, so that is safe.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from bus.ports import GenerationLost, QueueUnavailable
from bus.queue.library import Library

T = TypeVar("T")
Argument = str | int | float
Reply = Any  # whatever the function answers: lists of strings and integers, read by the caller

_REPEATS = 2  # after the first try; a server that is away answers at once on a unix socket
# What a server says that is there and cannot serve: full, disk trouble, loading, failing over. redis-py strips some
# of the code words, and puts its own words before them in a pipeline.
_AWAY = re.compile(
    r"\b(OOM|MISCONF|READONLY|LOADING|BUSY|MASTERDOWN|NOREPLICAS|CLUSTERDOWN|TRYAGAIN)\b"
    r"|command not allowed when used memory|write against a read only replica|errors writing to the AOF"
)
_TIMEOUT_S = 10.0  # longer than the worst fsync stall seen


class Connection:
    """Thread-safe. Works again by itself when the server returns."""

    def __init__(self, url: str, *, library: Library, tag: str) -> None:
        self._library = library
        self._tag = tag
        self._client: redis.Redis = redis.Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=2.0,
            retry=Retry(ExponentialBackoff(cap=0.1, base=0.02), _REPEATS),
        )

    def call(self, name: str, arguments: Sequence[Argument] = (), *, writes: bool = True) -> Reply:
        """Calls one function on the partition.

        Raises:
            GenerationLost: the contents are not those expected.
            QueueUnavailable: the server cannot be reached, or takes nothing.
        """
        run = self._client.fcall if writes else self._client.fcall_ro
        return self._guarded(lambda: run(self._library.prefix + name, 1, self._tag, *arguments))

    def call_many(self, name: str, rows: Sequence[Sequence[Argument]]) -> list[Reply]:
        """Calls one function once per row, in one round trip; not atomic together."""

        def run() -> list[Reply]:
            pipeline = self._client.pipeline(transaction=False)
            for row in rows:
                pipeline.fcall(self._library.prefix + name, 1, self._tag, *row)
            return list(pipeline.execute())

        return self._guarded(run)

    def get_all(self, keys: Sequence[str]) -> tuple[str, ...]:
        """Plain strings, read together; "" = none."""
        values = self._guarded(lambda: self._client.mget([self._tag + key for key in keys]))
        return tuple(str(value or "") for value in values)

    def pop(self, key: str, *, timeout_s: float) -> bool:
        """Waits for an entry of a list. True = one came."""
        return self._guarded(lambda: self._client.blpop([self._tag + key], timeout=timeout_s)) is not None

    def run_id(self) -> str:
        """Changes whenever the server's process does."""
        return str(self._guarded(lambda: self._client.info("server"))["run_id"])

    def ping(self) -> None:
        """Raises QueueUnavailable."""
        self._guarded(self._client.ping)

    def close(self) -> None:
        """Closes all connections."""
        self._client.close()

    def _guarded(self, run: Callable[[], T]) -> T:
        try:
            try:
                return run()
            except redis.ResponseError as fault:
                if "function not found" not in str(fault).lower():
                    raise
                self._load()
                return run()
        except redis.RedisError as fault:
            raise _named(fault) from fault

    def _load(self) -> None:
        try:
            self._client.function_load(self._library.source)
        except redis.ResponseError as fault:
            if "already exists" not in str(fault).lower():  # another process was quicker
                raise


def _named(fault: redis.RedisError) -> Exception:
    """Faults of the surroundings become the port's; faults of our own program stay what they are."""
    text = str(fault)
    if "LTGEN" in text:
        return GenerationLost(text)
    if isinstance(fault, redis.ResponseError) and not _AWAY.search(text):
        return fault
    return QueueUnavailable(text)
