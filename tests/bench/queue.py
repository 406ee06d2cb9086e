"""The queue measured against its limit, its rivals and itself: rows of (name, value, unit, goal, reached).

Ratios are of one run; what is compared takes turns, three times, so that a slow minute strikes all alike; the figure
is the median. How and on what: docs/en/bench.md.
"""

from __future__ import annotations

import functools
import os
import statistics
from collections.abc import Callable, Iterator, Mapping

from tests.bench import queue_runs as run
from tests.bench.contenders import NODE, PYTHON, Absent, Rival, Speed, installed
from tests.bench.queue_runs import Server, median

Row = tuple[str, float | int | str, str, str, bool | None]
Measures = Mapping[str, Callable[[], float | Speed]]

_SHARE = 0.1 if os.environ.get("LIENTHONG_BENCH_SMALL") else 1.0  # for whoever changes the bench, not for figures
_TIMES = 3
_LEASE_S = 2.0


def rows() -> Iterator[Row]:
    """Measures everything; some minutes."""
    rivals: dict[str, Rival] = {}
    for name in (*PYTHON, *NODE):
        try:
            rivals[name] = installed(name)
        except Absent as why:
            yield (f"queue: {name} left out: {why}", "", "", "", None)
    with run.serving() as server:
        for policy, goal in (("always", 0.20), ("everysec", 0.25)):
            server.fsync(policy)
            yield from _compared(server, policy, goal, rivals)
        server.fsync("always")
        yield from _alone(server)


def _compared(server: Server, policy: str, goal: float, rivals: Mapping[str, Rival]) -> Iterator[Row]:
    """Limit, we and the rivals in turn."""
    count = _few(4000)
    measures: dict[str, Callable[[], float | Speed]] = {
        "limit": functools.partial(run.raw_cycles, server, count),
        "drained": functools.partial(run.drained, server, lanes=count, each=1),
        "enqueued": functools.partial(run.enqueued, server, _few(1500)),
        **{name: functools.partial(_rival, server, rival) for name, rival in rivals.items()},
    }
    found, broken = _in_turn(measures)
    limit, drained, enqueued = (_median(found[name]) for name in ("limit", "drained", "enqueued"))
    yield (f"queue: raw limit, enqueue+claim+done, {policy}", round(limit), "cycles/s", "", None)
    yield (f"queue: drained, 1 worker process, {policy}", round(drained), "deliveries/s", "", None)
    yield at_least(f"queue: drained ÷ raw limit, {policy}", drained / limit, goal)
    yield (f"queue: single enqueue, {policy}", round(enqueued), "calls/s", "", None)
    speeds = {name: _speed(found[name]) for name in rivals if name not in broken}
    for name, speed in speeds.items():
        yield (f"queue: {name} drained, {policy}", round(speed.drained), "jobs/s", "", None)
        yield (f"queue: {name} single enqueue, {policy}", round(speed.enqueued), "calls/s", "", None)
    for name, why in broken.items():
        yield (f"queue: {name} left out, {policy}: {why}", "", "", "", None)
    python = [speed for name, speed in speeds.items() if name in PYTHON]
    if python:
        best = max(one.drained for one in python)
        yield at_least(f"queue: drained ÷ best Python rival, {policy}", drained / best, 4)
        fastest = max(one.enqueued for one in python)
        yield at_least(f"queue: single enqueue ÷ fastest Python rival, {policy}", enqueued / fastest, 1.2)
    if "bullmq" in speeds:
        yield at_least(f"queue: drained ÷ BullMQ, {policy}", drained / speeds["bullmq"].drained, 2)


def _alone(server: Server) -> Iterator[Row]:
    """We and ourselves, always."""
    lanes = (1, 100, 10_000)
    found, _ = _in_turn({str(many): functools.partial(_with_lanes, server, many) for many in lanes})
    one, hundred, all_apart = (_median(found[str(many)]) for many in lanes)
    yield at_least("queue: one lane only, always", one, 1000, "deliveries/s")
    yield ("queue: 100 lanes, always", round(hundred), "deliveries/s", "", None)
    yield ("queue: 10 000 lanes, always", round(all_apart), "deliveries/s", "", None)
    yield at_least("queue: 10 000 lanes ÷ 100 lanes", all_apart / hundred, 0.9)
    little, much, many = _held(server)
    yield ("queue: claim+settle at 1 000 queued", round(little), "deliveries/s", "", None)
    yield (f"queue: claim+settle at {many:,} queued".replace(",", " "), round(much), "deliveries/s", "", None)
    yield at_least("queue: 1 000 000 queued ÷ 1 000 queued", much / little, 0.9)
    yield at_most("queue: memory per 10 000 queued", run.memory_mb(server), 7.0, "MB")
    spent = [run.latencies_ms(server, _few(400)) for _ in range(_TIMES)]
    middle, late = median([statistics.median(one) for one in spent]), median([run.p99(one) for one in spent])
    yield at_most("queue: enqueue to start, light load, always, p50", middle, 2.0, "ms")
    yield at_most("queue: enqueue to start, light load, always, p99", late, 8.0, "ms")
    slowest = max(run.recovery_s(server, lease_s=_LEASE_S) for _ in range(_TIMES))
    yield at_most(f"queue: kill -9 of a worker, lease {_LEASE_S:g} s, its delivery is another's", slowest, 3.0, "s")


def _held(server: Server) -> tuple[float, float, int]:
    """Claimed and settled a second with little and with much queued, on two servers in turn; and how much is much."""
    many, count = _few(1_000_000), _few(3000)
    with run.serving() as other:
        little, much = run.Held(other, 1000), run.Held(server, many)
        found = [(little.rate(count), much.rate(count)) for _ in range(_TIMES + 2)]
        little.close()
        much.close()
    return median([one for one, _ in found]), median([one for _, one in found]), many


def _in_turn(measures: Measures) -> tuple[dict[str, list[float | Speed]], dict[str, str]]:
    """Each of them, and again. What breaks once is left out."""
    found: dict[str, list[float | Speed]] = {name: [] for name in measures}
    broken: dict[str, str] = {}
    for _ in range(_TIMES):
        for name, measure in measures.items():
            try:
                found[name].append(measure())
            except Absent as why:
                broken[name] = str(why)
    return found, broken


def _rival(server: Server, rival: Rival) -> Speed:
    server.bare.flushall()
    return rival.run(server.place, _few(2000))


def _with_lanes(server: Server, lanes: int) -> float:
    total = _few(1500) if lanes == 1 else max(lanes, _few(10_000))
    return run.drained(server, lanes=lanes, each=max(1, total // lanes))


def _few(count: int) -> int:
    return max(200, int(count * _SHARE))


def _median(found: list[float | Speed]) -> float:
    return median([one for one in found if isinstance(one, float)])


def _speed(found: list[float | Speed]) -> Speed:
    runs = [one for one in found if isinstance(one, Speed)]
    return Speed(median([one.enqueued for one in runs]), median([one.drained for one in runs]))


def at_least(name: str, value: float, goal: float, unit: str = "") -> Row:
    """More is better."""
    return (name, round(value, 3), unit, f"≥ {goal:g}", value >= goal)


def at_most(name: str, value: float, goal: float, unit: str = "") -> Row:
    """Less is better."""
    return (name, round(value, 3), unit, f"≤ {goal:g}", value <= goal)
