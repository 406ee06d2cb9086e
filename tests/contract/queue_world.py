"""Two worlds to try the queue in, with one clock to turn: a real server, and the twin. One server a test process."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import redis

from bus.queue import EmbeddedServer, MemoryQueue, RedisQueue
from bus.queue.library import Library, library, library_of
from bus.queue.memory_store import MemoryStore
from bus.records import Claimed, LaneDelivery, LaneSnapshot, QueueRecord, QueueSettle, QueueStep

TAG = "lt:{0}:"
BEGIN_MS = 1_760_000_000_000
_CLOCK = "local function clock()\n"

Place = dict[str, object]


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

    def __init__(self, change: Callable[[str], str] = lambda text: text) -> None:
        self._functions = with_test_clock(change(library().text))
        self._raw: redis.Redis = redis.Redis.from_url(server().url, decode_responses=True)
        self._queues: list[RedisQueue] = []
        self.now_ms = BEGIN_MS
        self.wipe()

    def queue(self, *, in_flight: int = 32) -> RedisQueue:
        """Another process's view."""
        made = RedisQueue(server().url, in_flight=in_flight, functions=self._functions)
        self._queues.append(made)
        return made

    def advance(self, seconds: float) -> None:
        """Turns the server's clock."""
        self.now_ms += int(seconds * 1000)
        self._raw.set("test:clock", self.now_ms)

    def wipe(self) -> None:
        """FLUSHALL."""
        self._raw.flushall()
        self.advance(0)

    def close(self) -> None:
        """Ends all connections."""
        for queue in self._queues:
            queue.close()
        self._raw.close()

    def places(self) -> dict[str, list[str]]:
        """Lane → every place it is found in."""
        found: dict[str, list[str]] = {}

        def note(place: str, lanes: Iterable[str]) -> None:
            for lane in lanes:
                found.setdefault(lane, []).append(place)

        for key in self._raw.scan_iter(TAG + "r:*"):
            note("ready", self._raw.zrange(key, 0, -1))
        note("waiting", self._raw.zrange(TAG + "delay", 0, -1))
        note("leased", self._raw.zrange(TAG + "lease", 0, -1))
        note("parked", self._raw.smembers(TAG + "park"))
        return found

    def lanes(self) -> dict[str, list[str]]:
        """Lane → its deliveries."""
        keys = list(self._raw.scan_iter(TAG + "l:*"))
        return {key.removeprefix(TAG + "l:"): self._raw.lrange(key, 0, -1) for key in keys}

    def sets(self) -> dict[str, set[str]]:
        """The sets that must agree with each other."""
        in_flight: set[str] = set()
        claimable: set[str] = set()
        for key in self._raw.scan_iter(TAG + "i:*"):
            in_flight |= self._raw.smembers(key)
        for key in self._raw.scan_iter(TAG + "r:*"):
            claimable.add(key.removeprefix(TAG + "r:"))
        return {
            "records": set(self._raw.hkeys(TAG + "m")),
            "lease": set(self._raw.zrange(TAG + "lease", 0, -1)),
            "own": set(self._raw.hkeys(TAG + "own")),
            "in_flight": in_flight,
            "park": self._raw.smembers(TAG + "park"),
            "poison": set(self._raw.hkeys(TAG + "poison")),
            "with_ready": claimable,
            "act": set(self._raw.zrange(TAG + "act", 0, -1)),
        }


class MemoryWorld:
    """The twin."""

    def __init__(self) -> None:
        self.now_ms = BEGIN_MS
        self._store = MemoryStore(now_ms=lambda: self.now_ms)

    def queue(self, *, in_flight: int = 32) -> MemoryQueue:
        """Another process's view."""
        return MemoryQueue(self._store, in_flight=in_flight)

    def advance(self, seconds: float) -> None:
        """Turns the clock."""
        self.now_ms += int(seconds * 1000)

    def wipe(self) -> None:
        """As FLUSHALL."""
        self._store.wipe()

    def close(self) -> None:
        """Nothing to end."""

    def places(self) -> dict[str, list[str]]:
        """Lane → every place it is found in."""
        s = self._store
        found: dict[str, list[str]] = {}
        ready = [lane for lanes in s.ready.values() for lane in lanes]
        for place, lanes in (("ready", ready), ("waiting", s.delay), ("leased", s.lease), ("parked", s.park)):
            for lane in lanes:
                found.setdefault(lane, []).append(place)
        return found

    def lanes(self) -> dict[str, list[str]]:
        """Lane → its deliveries."""
        return {lane: list(ids) for lane, ids in self._store.lanes.items()}

    def sets(self) -> dict[str, set[str]]:
        """The sets that must agree with each other."""
        s = self._store
        return {
            "records": set(s.records),
            "lease": set(s.lease),
            "own": set(s.own),
            "in_flight": set().union(*s.in_flight.values()) if s.in_flight else set(),
            "park": set(s.park),
            "poison": set(s.poison),
            "with_ready": {endpoint for endpoint, lanes in s.ready.items() if lanes},
            "act": set(s.act),
        }


World = RedisWorld | MemoryWorld


def check_world(world: World, *, capped: bool = False) -> None:
    """What must hold after every step, whatever happened."""
    lanes, places, sets = world.lanes(), world.places(), world.sets()
    assert all(lanes.values()), "an empty lane was left behind"
    assert places.keys() == lanes.keys(), "a lane is nowhere, or a place holds a lane that is gone"
    assert all(len(found) == 1 for found in places.values()), places
    ids = [delivery for lane in lanes.values() for delivery in lane]
    assert len(ids) == len(set(ids))
    assert set(ids) == sets["records"]
    assert sets["lease"] == sets["own"] == sets["in_flight"]
    assert sets["poison"] <= sets["park"]
    assert sets["act"] <= sets["with_ready"]
    if not capped:
        assert sets["act"] == sets["with_ready"]


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


def settle(claim: Claimed, step: QueueStep = QueueStep.DONE, at: datetime | None = None) -> QueueSettle:
    """What the worker says after a settlement."""
    return QueueSettle(claim.delivery_id, claim.lane, claim.endpoint, claim.token, step, at)


def snapshot(*numbers: int, lane: str = "D1|E1", parked: Iterable[int] = (), held: Iterable[int] = (),
             not_before: datetime | None = None) -> LaneSnapshot:  # fmt: skip
    """What the journal says of a lane; `not_before` is of its head."""
    rows = tuple(
        LaneDelivery(
            delivery_id=name(number, lane),
            priority=1,
            not_before=not_before if number == numbers[0] else None,
            parked=number in set(parked),
            held=number in set(held),
        )
        for number in numbers
    )
    return LaneSnapshot(lane, lane.partition("|")[2], rows)


def moment(ms: int) -> datetime:
    """Server time as the port has it."""
    return datetime.fromtimestamp(ms / 1000, UTC)
