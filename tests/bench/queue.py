"""The queue measured: rows of (name, value, unit, goal, reached). Ratios are of one run, figures medians of three.

The goals are those of the delivery engine (design/queue.md), reported from the first form on.
"""

from __future__ import annotations

import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import hiredis
import redis

from bus.queue import EmbeddedServer, RedisQueue
from bus.records import Claimed, QueueRecord, QueueSettle, QueueStep

Row = tuple[str, float, str, str, bool | None]

_BATCH = 16
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


def rows() -> Iterator[Row]:
    """Measures everything; half a minute on a quiet machine."""
    with _server() as server, redis.Redis.from_url(server.url, decode_responses=True) as raw:
        limit = _median(lambda: _raw_cycles(raw, 4000))
        drained = _median(lambda: _drained(server, raw, lanes=4000, each=1))
        yield ("queue: raw limit, enqueue+claim+done, always", round(limit), "cycles/s", "", None)
        yield ("queue: drained, 1 worker, always", round(drained), "deliveries/s", "", None)
        yield _at_least("queue: drained ÷ raw limit", drained / limit, "", 0.20)
        few = _median(lambda: _drained(server, raw, lanes=100, each=40))
        many = _median(lambda: _drained(server, raw, lanes=10_000, each=1))
        yield _at_least("queue: 10 000 lanes ÷ 100 lanes", many / few, "", 0.9)
        one = _median(lambda: _drained(server, raw, lanes=1, each=1500))
        yield _at_least("queue: one lane only, always", one, "deliveries/s", 1000)
        yield ("queue: single enqueue, always", round(_median(lambda: _enqueued(server, raw))), "calls/s", "", None)
        yield _at_most("queue: memory per 10 000 queued", _memory_mb(server, raw), "MB", 7.0)
        p50, p99 = _latency_ms(server, raw)
        yield _at_most("queue: enqueue to start, light load, always, p50", p50, "ms", 2.0)
        yield _at_most("queue: enqueue to start, light load, always, p99", p99, "ms", 8.0)


@contextmanager
def _server() -> Iterator[EmbeddedServer]:
    with tempfile.TemporaryDirectory(prefix="ltbench") as folder:
        server = EmbeddedServer(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _median(measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(3))


def _at_least(name: str, value: float, unit: str, goal: float) -> Row:
    return (name, round(value, 3), unit, f"≥ {goal:g}", value >= goal)


def _at_most(name: str, value: float, unit: str, goal: float) -> Row:
    return (name, round(value, 3), unit, f"≤ {goal:g}", value <= goal)


def _raw_cycles(raw: redis.Redis, count: int) -> float:
    """Packed beforehand and sent over a bare socket, so that the server alone is measured."""
    raw.flushall()
    raw.function_load(_RAW, replace=True)
    names = [f"{n:032x}:E" for n in range(count)]
    batches = []
    for at in range(0, count, _BATCH):
        batch = names[at : at + _BATCH]
        words = [("FCALL", "raw_put", 1, "raw:{0}:", name, "1") for name in batch]
        words += [("FCALL", "raw_take", 1, "raw:{0}:")] * len(batch)
        words += [("FCALL", "raw_done", 1, "raw:{0}:", name) for name in batch]
        batches.append((b"".join(hiredis.pack_command(row) for row in words), len(words)))
    place = raw.connection_pool.connection_kwargs["path"]
    reader = hiredis.Reader()
    with socket.socket(socket.AF_UNIX) as wire:
        wire.connect(place)
        began = time.perf_counter()
        for packed, replies in batches:
            wire.sendall(packed)
            while replies:
                reader.feed(wire.recv(1 << 16))
                while reader.gets() is not False:
                    replies -= 1
        return count / (time.perf_counter() - began)


def _fresh(server: EmbeddedServer, raw: redis.Redis) -> RedisQueue:
    raw.flushall()
    queue = RedisQueue(server.url, in_flight=64)
    queue.start_generation(1)
    return queue


def _records(lanes: int, each: int) -> list[QueueRecord]:
    made = []
    for number in range(each):
        for n in range(lanes):
            endpoint = f"don_vi_{n % 50:02d}"
            ids = [f"{n:016x}{number - back:016x}:{endpoint}" for back in (0, 1)]
            made.append(QueueRecord(ids[0], f"{n:032x}|{endpoint}", endpoint, 1, ids[1] if number else "", None))
    return made


def _put(queue: RedisQueue, records: Sequence[QueueRecord]) -> None:
    for at in range(0, len(records), 100):
        assert not queue.enqueue(records[at : at + 100])


def _drained(server: EmbeddedServer, raw: redis.Redis, *, lanes: int, each: int) -> float:
    queue = _fresh(server, raw)
    _put(queue, _records(lanes, each))
    settles: list[QueueSettle] = []
    count, began = 0, time.perf_counter()
    while claims := queue.claim("bench", settles=settles, limit=_BATCH, lease_s=60):
        count += len(claims)
        settles = [_done(claim) for claim in claims]
    spent = time.perf_counter() - began
    assert count == lanes * each
    queue.close()
    return count / spent


def _done(claim: Claimed) -> QueueSettle:
    return QueueSettle(claim.delivery_id, claim.lane, claim.endpoint, claim.token, QueueStep.DONE)


def _enqueued(server: EmbeddedServer, raw: redis.Redis) -> float:
    queue, records = _fresh(server, raw), _records(1500, 1)
    began = time.perf_counter()
    for record in records:
        queue.enqueue([record])
    spent = time.perf_counter() - began
    queue.close()
    return len(records) / spent


def _memory_mb(server: EmbeddedServer, raw: redis.Redis) -> float:
    queue = _fresh(server, raw)
    before = raw.info("memory")["used_memory"]
    _put(queue, _records(10_000, 1))
    after = raw.info("memory")["used_memory"]
    queue.close()
    return (after - before) / 1e6


def _latency_ms(server: EmbeddedServer, raw: redis.Redis) -> tuple[float, float]:
    door, worker = _fresh(server, raw), RedisQueue(server.url)
    worker.adopt(1)
    records, started, stop = _records(400, 1), {}, threading.Event()

    def work() -> None:
        settles: list[QueueSettle] = []
        while not stop.is_set():
            claims = worker.claim("bench", settles=settles, limit=_BATCH, lease_s=60)
            now = time.perf_counter()
            started.update({claim.delivery_id: now for claim in claims})
            settles = [_done(claim) for claim in claims]
            if not claims:
                worker.wait(1)

    job = threading.Thread(target=work)
    job.start()
    sent = {}
    for record in records:
        sent[record.delivery_id] = time.perf_counter()
        door.enqueue([record])
        time.sleep(0.005)
    time.sleep(0.2)
    stop.set()
    job.join()
    spent = sorted((started[key] - sent[key]) * 1000 for key in sent)
    door.close()
    worker.close()
    return statistics.median(spent), spent[int(len(spent) * 0.99)]
