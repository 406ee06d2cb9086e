"""One partition's way to its server: calls functions, loads them when they are gone, names the faults.

A command is repeated after a connection fault; every function is idempotent, so that is safe.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import redis
from redis.cluster import RedisCluster
from redis.exceptions import AskError, ClusterError, MovedError, RedisClusterException

from bus.ports import GenerationLost, QueueUnavailable
from bus.queue.address import Address, Client, open_client
from bus.queue.library import Library
from bus.queue.line import Argument, Lines, Reply

log = logging.getLogger("lienthong.queue")

T = TypeVar("T")

_REPEATS = 2  # where redis-py leaves it to us
_REPLICAS_MS = 500  # as long as a write waits for its replicas
_WARN_S = 60.0
_ALONE_S = 5.0  # a server that did not answer a person who waits is not asked again for so long
# What a server says that is there and cannot serve: full, disk trouble, loading, failing over. redis-py strips some
# of the code words, and puts its own words before them in a pipeline.
_AWAY = re.compile(
    r"\b(OOM|MISCONF|READONLY|LOADING|BUSY|MASTERDOWN|NOREPLICAS|CLUSTERDOWN|TRYAGAIN|MOVED|ASK)\b"
    r"|command not allowed when used memory|write against a read only replica|errors writing to the AOF"
)
# What only contents that are not ours any more can make our functions say: a key of another type, a number that is
# none, a record that is gone. Not records of a newer version, which are whole.
_CORRUPT = re.compile(r"WRONGTYPE|wrong kind of value|not an integer|not a valid float|user_function:\d+")
_NEWER = "LTVER"
_FAULTS = (redis.RedisError, RedisClusterException)


class Server:
    """One address, shared by the partitions in it. Thread-safe. Works again by itself when the server returns."""

    def __init__(self, address: Address, *, replicas: int = 0) -> None:
        self.replicas = replicas  # that must have a write before it counts; 0 = none
        self._address = address
        self._lock = threading.Lock()
        self._client: Client | None = None if address.is_cluster else open_client(address)
        self._warned_at = 0.0
        self._alone_until = 0.0
        self._seen: set[str] = set()
        self._lines = None if address.is_cluster or address.is_sentinel else Lines()

    def node(self, key: str) -> redis.Redis:
        """The server that holds a key.

        Raises:
            RedisError, RedisClusterException: nobody says which one.
        """
        client = self._client or self._opened()
        if not isinstance(client, RedisCluster):
            return client
        node = client.get_node_from_key(key)  # type: ignore[no-untyped-call]  # redis-py's
        if node is None:
            raise redis.ConnectionError("no server holds this part of the cluster")
        return client.get_redis_connection(node)

    def ask(self, node: redis.Redis, words: Sequence[Argument]) -> Reply:
        """One command of that server.

        Raises:
            RedisError: it did not answer, or refused.
        """
        if self._lines is None:
            return node.execute_command(*words)  # type: ignore[no-untyped-call]  # redis-py's
        return self._lines.ask(node, words)

    def check(self) -> None:
        """Whether it may be asked now. Raises QueueUnavailable."""
        if self._alone_until > time.monotonic():
            raise QueueUnavailable("the queue's server did not answer a moment ago")

    def look_again(self, fault: Exception) -> bool:
        """After a fault: True if the call may go somewhere else now."""
        if self._address.patience_s:
            if isinstance(fault, redis.ConnectionError | redis.TimeoutError | RedisClusterException):
                self._alone_until = time.monotonic() + _ALONE_S
            return False
        client = self._client
        if not isinstance(client, RedisCluster):
            # Each new connection asks the sentinels.
            return self._address.is_sentinel and isinstance(fault, redis.ConnectionError | redis.TimeoutError)
        if isinstance(fault, redis.ResponseError) and not isinstance(fault, MovedError | AskError):
            return False
        try:
            client.nodes_manager.initialize()
        except _FAULTS:
            self._forget()  # it is found anew from the addresses in the settings
        return True

    def looked_at(self, run_id: str, evicts: str) -> None:
        """Warns once of each server that throws keys away when it is full, instead of taking no more. Work goes on:
        what it throws away is in the journal and comes back (docs/adr/0003-queue.md)."""
        if f"{run_id} {evicts}" not in self._seen:
            self._seen.add(f"{run_id} {evicts}")
            if evicts:
                log.error("LT-DOC-022 the queue's server throws keys away: maxmemory-policy %s", evicts)

    def counts(self, acknowledged: int) -> None:
        """How many replicas have a write."""
        if acknowledged < self.replicas and time.monotonic() - self._warned_at > _WARN_S:
            self._warned_at = time.monotonic()
            log.warning(
                "%d of %d replicas have the queue's last write: a fail-over now is healed from the journal",
                acknowledged, self.replicas,
            )  # fmt: skip

    def close(self) -> None:
        """Closes all connections."""
        self._forget()

    def _opened(self) -> Client:
        with self._lock:
            if self._client is None:
                self._client = open_client(self._address)
            return self._client

    def _forget(self) -> None:
        with self._lock:
            client = self._client
            if self._address.is_cluster:
                self._client = None
        if client is not None:
            client.close()


class Connection:
    """One partition. Thread-safe."""

    def __init__(
        self, server: Server, *, library: Library, tag: str, on_corrupt: Callable[[str], None] = lambda _: None
    ) -> None:
        self._server = server
        self._on_corrupt = on_corrupt  # somebody wrote over our keys
        self._library = library
        self._tag = tag
        self.evicts = ""  # as the server said last: the policy by which it throws keys away; "" = it does not

    def call(self, name: str, arguments: Sequence[Argument] = (), *, writes: bool = True) -> Reply:
        """Calls one function on the partition.

        Raises:
            GenerationLost: the contents are not those expected.
            QueueUnavailable: the server cannot be reached, or takes nothing.
        """
        called = self._library.prefix + name
        if not writes or not self._server.replicas:
            words = ("FCALL" if writes else "FCALL_RO", called, 1, self._tag, *arguments)
            return self._guarded(lambda node: self._server.ask(node, words))

        def run(node: redis.Redis) -> Reply:
            pipeline = node.pipeline(transaction=False)
            pipeline.fcall(called, 1, self._tag, *arguments)
            pipeline.wait(self._server.replicas, _REPLICAS_MS)
            reply, acknowledged = pipeline.execute()
            self._server.counts(acknowledged)
            return reply

        return self._guarded(run)

    def call_many(self, name: str, rows: Sequence[Sequence[Argument]]) -> list[Reply]:
        """Calls one function once per row, in one round trip; not atomic together."""

        def run(node: redis.Redis) -> list[Reply]:
            pipeline = node.pipeline(transaction=False)
            for row in rows:
                pipeline.fcall(self._library.prefix + name, 1, self._tag, *row)
            return list(pipeline.execute())

        return self._guarded(run)

    def beside(self, tag: str) -> Connection:
        """Another partition of the same server."""
        return Connection(self._server, library=self._library, tag=tag)

    def get_all(self, keys: Sequence[str]) -> tuple[str, ...]:
        """Plain strings, read together; "" = none."""
        values = self._guarded(lambda node: node.mget([self._tag + key for key in keys]))
        return tuple(str(value or "") for value in values)

    def pop(self, key: str, *, timeout_s: float) -> bool:
        """Waits for an entry of a list. True = one came."""
        return self._guarded(lambda node: node.blpop([self._tag + key], timeout=timeout_s)) is not None

    def run_id(self) -> str:
        """Changes whenever the server's process does. One that may throw our keys away is told of."""
        told = self._guarded(lambda node: node.info("server", "memory"))
        policy = str(told.get("maxmemory_policy", ""))
        self.evicts = "" if policy == "noeviction" else policy
        self._server.looked_at(str(told["run_id"]), self.evicts)
        return str(told["run_id"])

    def ping(self) -> None:
        """Raises QueueUnavailable."""
        self._guarded(lambda node: node.ping())

    def _guarded(self, run: Callable[[redis.Redis], T]) -> T:
        repeats = 0
        self._server.check()
        while True:
            try:
                node = self._server.node(self._tag)
                try:
                    return run(node)
                except redis.ResponseError as fault:
                    if "function not found" not in str(fault).lower():
                        raise
                    self._load(node)
                    return run(node)
            except _FAULTS as fault:
                repeats += 1
                if repeats > _REPEATS or not self._server.look_again(fault):
                    named = _named(fault)
                    if isinstance(named, Corrupt):
                        self._on_corrupt(str(named))
                    raise named from fault

    def _load(self, node: redis.Redis) -> None:
        try:
            node.function_load(self._library.source)
        except redis.ResponseError as fault:
            if "already exists" not in str(fault).lower():  # another process was quicker
                raise


class Corrupt(GenerationLost):
    """The contents are there and not as we left them: as good as gone."""


def _named(fault: Exception) -> Exception:
    """Faults of the surroundings become the port's; faults of our own program stay what they are."""
    text = str(fault)
    if "LTGEN" in text:
        return GenerationLost(text)
    if isinstance(fault, redis.ResponseError) and not isinstance(fault, ClusterError) and not _AWAY.search(text):
        return Corrupt(text) if _CORRUPT.search(text) and _NEWER not in text else fault
    return QueueUnavailable(text)
