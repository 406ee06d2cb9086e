"""Two worlds to try the queue in, with one clock to turn: a real server, and the twin. One server a test process."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import redis

from bus.ports import Queue
from bus.queue import EmbeddedServer, MemoryQueue, PartitionedQueue, RedisQueue
from bus.queue.address import Address
from bus.queue.connection import Server
from bus.queue.library import Library, library, library_of
from bus.queue.memory_endpoint import EVER, EndpointState
from bus.queue.memory_record import Lease
from bus.queue.memory_store import MemoryStore
from bus.rates import Rate
from bus.records import (
    ALL,
    Breaker,
    Claimed,
    EndpointOrder,
    Health,
    LaneDelivery,
    LaneSnapshot,
    QueueRecord,
    QueueSettle,
    QueueStep,
    Standing,
)

TAG = "lt:{0}:"
SEPARATOR = "|"  # of lanes in these tests
BEGIN_MS = 1_760_000_000_000
_CLOCK = "local function clock()\n"


@dataclass(frozen=True, slots=True)
class View:
    """All that the invariants are about."""

    lanes: dict[str, list[str]]  # lane → its deliveries
    ready: dict[str, list[str]]  # endpoint → its ready lanes, next first
    waiting: set[str]
    leased: set[str]
    owned: set[str]
    in_flight: set[str]
    parked: set[str]
    poisoned: set[str]
    active: set[str]  # endpoints
    endpoints: dict[str, dict[str, str]]  # endpoint → what its hash says, if anything
    resting: dict[str, int]  # endpoint → ms when it is looked at again
    records: set[str]  # delivery ids


@cache
def server() -> EmbeddedServer:
    """The private server of this test process, started by our own launcher."""
    folder = Path(tempfile.mkdtemp(prefix="ltq"))
    started = EmbeddedServer(folder)
    started.start()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(started.stop)
    return started


def with_test_clock(text: str) -> Library:
    """The functions, reading their time from a key; the rest of the text is as it is."""
    assert text.count(_CLOCK) == 1
    return library_of(text.replace(_CLOCK, _CLOCK + "  do return tonumber(call('GET', 'test:clock')) end\n"))


class RedisWorld:
    """A real server."""

    def __init__(self, change: Callable[[str], str] = lambda text: text, *, partitions: int = 1) -> None:
        self._functions = with_test_clock(change(library().text))
        self._raw: redis.Redis = redis.Redis.from_url(server().url, decode_responses=True)
        self._lines: list[Server] = []
        self.partitions = partitions
        self.now_ms = BEGIN_MS
        self.wipe()

    def queue(
        self, *, in_flight: int = 32, breaker: Breaker | None = None, rates: Mapping[str, Rate] | None = None
    ) -> Queue:
        """Another process's view."""
        line = Server(Address(server().url))
        parts = [
            RedisQueue(
                line, in_flight=in_flight, breaker=breaker, rates=rates, functions=self._functions,
                partition=n, partitions=self.partitions,
            )
            for n in range(self.partitions)
        ]  # fmt: skip
        made = parts[0] if self.partitions == 1 else PartitionedQueue(parts, separator=SEPARATOR)
        self._lines.append(line)
        return made

    def advance(self, seconds: float) -> None:
        """Turns the server's clock."""
        self.now_ms += int(seconds * 1000)
        self._raw.set("test:clock", self.now_ms)
        for key in self._raw.keys("lt:*:lock:*"):  # these end by the server's own clock
            left = self._raw.pttl(key) - int(seconds * 1000)
            self._raw.pexpire(key, max(0, left))

    def wipe(self, partition: int | None = None) -> None:
        """FLUSHALL; or what one server of a cluster had."""
        if partition is None:
            self._raw.flushall()
        elif keys := self._raw.keys(f"lt:{{{partition}}}:*"):
            self._raw.delete(*keys)
        self.advance(0)

    def close(self) -> None:
        """Ends all connections."""
        for line in self._lines:
            line.close()
        self._raw.close()

    def look(self) -> View:
        """Everything."""
        return together([self._look(f"lt:{{{n}}}:") for n in range(self.partitions)])

    def _look(self, tag: str) -> View:
        """One partition, in two round trips."""
        keys = [key.removeprefix(tag) for key in self._raw.keys(tag + "*")]
        pipeline = self._raw.pipeline()
        for key in keys:
            if key in ("m", "own", "poison"):
                pipeline.hkeys(tag + key)
            elif key.startswith("l:"):
                pipeline.lrange(tag + key, 0, -1)
            elif key in ("act", "lease", "delay") or key.startswith("r:"):
                pipeline.zrange(tag + key, 0, -1)
            elif key == "park" or key.startswith("i:"):
                pipeline.smembers(tag + key)
            elif key.startswith("ep:"):
                pipeline.hgetall(tag + key)
            elif key == "wait":
                pipeline.zrange(tag + key, 0, -1, withscores=True)
            else:
                pipeline.exists(tag + key)
        found = dict(zip(keys, pipeline.execute(), strict=True))

        def under(prefix: str) -> dict[str, list[str]]:
            return {key.removeprefix(prefix): list(found[key]) for key in keys if key.startswith(prefix)}

        return View(
            lanes=under("l:"),
            ready=under("r:"),
            waiting=set(found.get("delay", ())),
            leased=set(found.get("lease", ())),
            owned=set(found.get("own", ())),
            in_flight={lane for lanes in under("i:").values() for lane in lanes},
            parked=set(found.get("park", ())),
            poisoned=set(found.get("poison", ())),
            active=set(found.get("act", ())),
            records=set(found.get("m", ())),
            endpoints={key.removeprefix("ep:"): found[key] for key in keys if key.startswith("ep:")},
            resting={endpoint: int(at) for endpoint, at in found.get("wait", ())},
        )


class MemoryWorld:
    """The twin."""

    def __init__(self, *, partitions: int = 1) -> None:
        self.now_ms = BEGIN_MS
        self.partitions = partitions
        self._stores = [MemoryStore(now_ms=lambda: self.now_ms) for _ in range(partitions)]

    def queue(
        self, *, in_flight: int = 32, breaker: Breaker | None = None, rates: Mapping[str, Rate] | None = None
    ) -> Queue:
        """Another process's view."""
        many = len(self._stores)
        parts = [
            MemoryQueue(store, in_flight=in_flight, breaker=breaker, rates=rates, partitions=many)
            for store in self._stores
        ]
        return parts[0] if many == 1 else PartitionedQueue(parts, separator=SEPARATOR)

    def advance(self, seconds: float) -> None:
        """Turns the clock."""
        self.now_ms += int(seconds * 1000)

    def wipe(self, partition: int | None = None) -> None:
        """As FLUSHALL; or what one server of a cluster had."""
        for store in self._stores if partition is None else [self._stores[partition]]:
            store.wipe()

    def close(self) -> None:
        """Nothing to end."""

    def lease(self, lane: str) -> Lease | None:
        """Who holds it."""
        return next((store.own[lane] for store in self._stores if lane in store.own), None)

    def look(self) -> View:
        """Everything."""
        return together([self._look(store) for store in self._stores])

    def _look(self, s: MemoryStore) -> View:
        return View(
            lanes={lane: list(ids) for lane, ids in s.lanes.items()},
            ready={e: sorted(lanes, key=lambda lane: lanes[lane]) for e, lanes in s.ready.items() if lanes},
            waiting=set(s.delay),
            leased=set(s.lease),
            owned=set(s.own),
            in_flight={lane for lanes in s.in_flight.values() for lane in lanes},
            parked=set(s.park),
            poisoned=set(s.poison),
            active=set(s.act),
            records=set(s.records),
            endpoints={name: said for name, state in s.endpoints.items() if (said := _said(state))},
            resting=dict(s.looks),
        )


def together(views: list[View]) -> View:
    """Of all partitions: no lane and no endpoint is in two of them."""
    if len(views) == 1:
        return views[0]
    whole: dict[str, object] = {}
    for one in fields(View):
        values = [getattr(view, one.name) for view in views]
        assert sum(map(len, values)) == len(set().union(*values)), f"{one.name}: in two partitions"
        whole[one.name] = (
            {key: v for value in values for key, v in value.items()}
            if isinstance(values[0], dict)
            else set().union(*values)
        )
    return View(**whole)  # type: ignore[arg-type]  # by its own names


def _said(state: EndpointState) -> dict[str, str]:
    """As the server's hash has it: only what says something."""
    pause = "" if state.pause is None else "ever" if state.pause == EVER else str(state.pause)
    cap = "" if state.cap is None else str(state.cap)
    numbers = {name: str(getattr(state, name) or "") for name in ("until", "fails", "opens", "dry", "passed")}
    rate = _rate(state.rate) if state.rate else ""
    named = {"state": state.state, "probe": state.probe, "last": state.last, "rate": rate}
    said = {"cap": cap, "pause": pause, **named, **numbers}
    if state.bucket:
        rate, level, at = state.bucket
        said["bucket"] = f"{_rate(rate)}\x1f{level}\x1f{at}"
    return {name: value for name, value in {**said, "well": "1" if state.well else ""}.items() if value}


def _rate(rate: Rate) -> str:
    return f"{rate.count}/{rate.span_s * 1000}/{rate.burst}"


World = RedisWorld | MemoryWorld
WORLDS = ("redis", "redis in three", "memory", "memory in three")  # partitions


def world_of(name: str) -> World:
    """A fresh one."""
    partitions = 3 if name.endswith("in three") else 1
    return RedisWorld(partitions=partitions) if name.startswith("redis") else MemoryWorld(partitions=partitions)


def check_world(world: World) -> View:
    """What must hold after every step, whatever happened."""
    view = world.look()
    assert all(view.lanes.values()), "an empty lane was left behind"
    places = [lane for lanes in view.ready.values() for lane in lanes]
    places += [*view.waiting, *view.leased, *view.parked]
    assert sorted(places) == sorted(view.lanes), "a lane is nowhere, in two places, or gone and still somewhere"
    ids = [delivery for lane in view.lanes.values() for delivery in lane]
    assert sorted(ids) == sorted(view.records)
    assert view.leased == view.owned == view.in_flight
    assert view.poisoned <= view.parked
    assert view.active <= set(view.ready)
    for endpoint, said in view.endpoints.items():
        rests = "pause" in said or said.get("state") == "open" or "probe" in said or "dry" in said
        assert not (rests and endpoint in view.active), "an endpoint that rests can be claimed from"
        ends = said.get("state") == "open" or said.get("pause", "ever") != "ever" or "dry" in said
        assert (endpoint in view.resting) is ends, "an endpoint that rests is not looked at again"
        assert ("probe" in said) <= (said.get("state") == "half")
    return view


def record(number: int, *, lane: str = "D1|E1", after: int | None = None, **more: object) -> QueueRecord:
    """Delivery `number` of a lane called dossier|endpoint, behind delivery `after`."""
    endpoint = lane.partition("|")[2]
    return QueueRecord(
        delivery_id=name(number, lane),
        lane=lane,
        endpoint=endpoint,
        priority=int(str(more.get("priority", 1))),
        predecessor="" if after is None else name(after, lane),
        not_before=more.get("not_before"),  # type: ignore[arg-type]  # a datetime or nothing
    )


def name(number: int, lane: str = "D1|E1") -> str:
    """A delivery id: message:endpoint."""
    return f"{lane.partition('|')[0]}.{number}:{lane.partition('|')[2]}"


def settle(
    claim: Claimed,
    step: QueueStep = QueueStep.DONE,
    at: datetime | None = None,
    *,
    health: Health = Health.UNKNOWN,
    tried: bool = False,
) -> QueueSettle:
    """What the worker says after a settlement."""
    return QueueSettle(claim.delivery_id, claim.lane, claim.endpoint, claim.token, step, at, health, tried)


def standing(revision: int, *, stop: datetime | bool = False, **orders: datetime | int | Rate | None) -> Standing:
    """Orders by endpoint: a moment or None = paused until then or for good; a number = in flight at most; a rate.
    `stop`: retries are stopped, until then or for good."""
    made = [_order(name, order) for name, order in orders.items()]
    if stop:
        until = stop if isinstance(stop, datetime) else None
        made.append(EndpointOrder(ALL, "an.nv", "…", retries_stopped=True, until=until))
    return Standing(revision, tuple(made))


def _order(name: str, order: datetime | int | Rate | None) -> EndpointOrder:
    if isinstance(order, int):
        return EndpointOrder(name, "an.nv", "…", in_flight=order)
    if isinstance(order, Rate):
        return EndpointOrder(name, "an.nv", "…", rate=order)
    return EndpointOrder(name, "an.nv", "…", paused=True, until=order)


def snapshot(*numbers: int, lane: str = "D1|E1", parked: Iterable[int] = (), held: Iterable[int] = (),
             tried: Iterable[int] = (), not_before: datetime | None = None) -> LaneSnapshot:  # fmt: skip
    """What the journal says of a lane; `not_before` is of its head."""
    rows = tuple(
        LaneDelivery(
            delivery_id=name(number, lane),
            priority=1,
            not_before=not_before if number == numbers[0] else None,
            parked=number in set(parked),
            held=number in set(held),
            tried=number in set(tried),
        )
        for number in numbers
    )
    return LaneSnapshot(lane, lane.partition("|")[2], rows)


def moment(ms: int) -> datetime:
    """Server time as the port has it."""
    return datetime.fromtimestamp(ms / 1000, UTC)
