"""Single measurements of the queue, each on an emptied server. The goals and the rows are in `queue`."""

from __future__ import annotations

import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import hiredis
import redis

from bus.queue import EmbeddedServer, RedisQueue
from bus.records import Claimed, QueueRecord, QueueSettle, QueueStep

BATCH = 16
_ENDPOINTS = 50
_RAW = """#!lua name=raw
redis.register_function('raw_put', function(keys, args)
  redis.call('HSET', keys[1] .. 'm', args[1], args[2])
  redis.call('RPUSH', keys[1] .. 'l', args[1])
end)
redis.register_function('raw_take', function(keys)
  local id = redis.call('LPOP', keys[1] .. 'l')
  redis.call('ZADD', keys[1] .. 'lease', 1, id)
  return id
end)
redis.register_function('raw_done', function(keys, args)
  redis.call('ZREM', keys[1] .. 'lease', args[1])
  redis.call('HDEL', keys[1] .. 'm', args[1])
end)
"""
_CLAIMER = """
import sys, time
from bus.queue import RedisQueue
queue = RedisQueue(sys.argv[1])
queue.adopt(1)
print(len(queue.claim("doomed", settles=[], limit=1, lease_s=float(sys.argv[2]))), flush=True)
time.sleep(60)
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A private queue server and a bare client of it."""

    url: str
    bare: redis.Redis

    @property
    def place(self) -> Path:
        """Its socket."""
        return Path(self.url.removeprefix("unix://"))

    def fsync(self, policy: str) -> None:
        """always | everysec | no."""
        self.bare.config_set("appendfsync", policy)

    def fresh(self) -> RedisQueue:
        """A queue with nothing in it, nor on the server's disk."""
        self.bare.flushall()
        queue = RedisQueue(self.url, in_flight=64)
        queue.start_generation(1)
        return queue


@contextmanager
def serving() -> Iterator[Server]:
    """Every write on disk before it is acknowledged."""
    with tempfile.TemporaryDirectory(prefix="ltbench") as folder:
        server = EmbeddedServer(Path(folder))
        server.start()
        try:
            with redis.Redis.from_url(server.url, decode_responses=True) as bare:
                yield Server(server.url, bare)
        finally:
            server.stop()


def raw_cycles(server: Server, count: int) -> float:
    """The limit: packed beforehand and sent over a bare socket, so that the server alone is measured."""
    server.bare.flushall()
    server.bare.function_load(_RAW, replace=True)
    names = [f"{n:032x}:E" for n in range(count)]
    batches = []
    for at in range(0, count, BATCH):
        batch = names[at : at + BATCH]
        words = [("FCALL", "raw_put", 1, "raw:{0}:", name, "1") for name in batch]
        words += [("FCALL", "raw_take", 1, "raw:{0}:")] * len(batch)
        words += [("FCALL", "raw_done", 1, "raw:{0}:", name) for name in batch]
        batches.append((b"".join(hiredis.pack_command(row) for row in words), len(words)))
    reader = hiredis.Reader()
    with socket.socket(socket.AF_UNIX) as wire:
        wire.connect(str(server.place))
        began = time.perf_counter()
        for packed, replies in batches:
            wire.sendall(packed)
            while replies:
                reader.feed(wire.recv(1 << 16))
                while reader.gets() is not False:
                    replies -= 1
        return count / (time.perf_counter() - began)


def drained(server: Server, *, lanes: int, each: int) -> float:
    """Claimed and settled a second by one worker, nothing done in between."""
    queue = server.fresh()
    put(queue, records(lanes, each))
    settles: list[QueueSettle] = []
    count, began = 0, time.perf_counter()
    while claims := queue.claim("bench", settles=settles, limit=BATCH, lease_s=60):
        count += len(claims)
        settles = [done(claim) for claim in claims]
    spent = time.perf_counter() - began
    queue.close()
    assert count == lanes * each, (count, lanes * each)
    return count / spent


def enqueued(server: Server, count: int) -> float:
    """Calls a second, one delivery each."""
    queue, some = server.fresh(), list(records(count, 1))
    began = time.perf_counter()
    for record in some:
        queue.enqueue([record])
    spent = time.perf_counter() - began
    queue.close()
    return count / spent


class Held:
    """A queue in which so many are queued, always: what was drained is put in again between two looks at the clock."""

    def __init__(self, server: Server, level: int) -> None:
        self._server, self._queue = server, server.fresh()
        server.fsync("no")  # only while it is filled
        self._next_lane = max(1, level // 4)
        put(self._queue, records(self._next_lane, 4))
        server.fsync("always")
        self._settles: list[QueueSettle] = []

    def rate(self, count: int) -> float:
        """Claimed and settled a second."""
        seen, spent = 0, 0.0
        while seen < count:
            began = time.perf_counter()
            claims = self._queue.claim("bench", settles=self._settles, limit=BATCH, lease_s=60)
            spent += time.perf_counter() - began
            assert claims
            seen += len(claims)
            self._settles = [done(claim) for claim in claims]
            put(self._queue, (record(self._next_lane + n, 0) for n in range(len(claims))))
            self._next_lane += len(claims)
        return seen / spent

    def close(self) -> None:
        """Empties the server."""
        self._queue.close()
        self._server.bare.flushall()


def memory_mb(server: Server) -> float:
    """What 10 000 queued deliveries take."""
    queue = server.fresh()
    before = server.bare.info("memory")["used_memory"]
    put(queue, records(10_000, 1))
    after = server.bare.info("memory")["used_memory"]
    queue.close()
    return float(after - before) / 1e6


def latencies_ms(server: Server, count: int) -> list[float]:
    """From the call that enqueues to the claim that has it, about 200 a second, sorted."""
    door, worker = server.fresh(), RedisQueue(server.url)
    worker.adopt(1)
    started: dict[str, float] = {}
    stop = threading.Event()

    def work() -> None:
        settles: list[QueueSettle] = []
        while not stop.is_set():
            claims = worker.claim("bench", settles=settles, limit=BATCH, lease_s=60)
            now = time.perf_counter()
            started.update({claim.delivery_id: now for claim in claims})
            settles = [done(claim) for claim in claims]
            if not claims:
                worker.wait(1)

    job = threading.Thread(target=work)
    job.start()
    sent = {}
    for one in records(count, 1):
        sent[one.delivery_id] = time.perf_counter()
        door.enqueue([one])
        time.sleep(0.005)
    time.sleep(0.2)
    stop.set()
    job.join()
    door.close()
    worker.close()
    return sorted((started[key] - sent[key]) * 1000 for key in sent)


def recovery_s(server: Server, *, lease_s: float) -> float:
    """From the kill -9 of a worker that nobody supervises until another has its delivery."""
    queue = server.fresh()
    queue.enqueue([record(0, 0)])
    command = [sys.executable, "-c", _CLAIMER, server.url, str(lease_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as doomed:
        assert doomed.stdout is not None
        assert doomed.stdout.readline().strip() == "1"
        os.kill(doomed.pid, signal.SIGKILL)
        began = time.perf_counter()
    while not queue.claim("heir", settles=[], limit=1, lease_s=60):
        queue.wait(1)
    spent = time.perf_counter() - began
    queue.close()
    return spent


def records(lanes: int, each: int) -> Iterator[QueueRecord]:
    """All firsts, then all seconds, …"""
    return (record(lane, number) for number in range(each) for lane in range(lanes))


def record(lane: int, number: int) -> QueueRecord:
    """The delivery of that number in that lane."""
    endpoint = f"don_vi_{lane % _ENDPOINTS:02d}"
    own, before = (f"{lane:016x}{number - back:016x}:{endpoint}" for back in (0, 1))
    return QueueRecord(own, f"{lane:032x}|{endpoint}", endpoint, 1, before if number else "", None)


def put(queue: RedisQueue, many: Iterator[QueueRecord]) -> None:
    """In hundreds."""
    some: list[QueueRecord] = []
    for one in many:
        some.append(one)
        if len(some) == 100:
            _put(queue, some)
            some = []
    if some:
        _put(queue, some)


def _put(queue: RedisQueue, some: Sequence[QueueRecord]) -> None:
    assert not queue.enqueue(some)


def done(claim: Claimed) -> QueueSettle:
    """It was delivered."""
    return QueueSettle(claim.delivery_id, claim.lane, claim.endpoint, claim.token, QueueStep.DONE)


def p99(sorted_values: Sequence[float]) -> float:
    """The value that 99 of 100 do not exceed."""
    return sorted_values[int(len(sorted_values) * 0.99)]


def median(values: Sequence[float]) -> float:
    """Of three or more."""
    return statistics.median(values)
