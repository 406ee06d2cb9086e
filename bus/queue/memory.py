"""The queue in memory: the same rules as `lua/`, for tests and for reading. Nothing outlives the process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from bus.ports import GenerationLost
from bus.queue.redis_queue import IN_FLIGHT
from bus.records import (
    Claimed,
    LaneDelivery,
    LaneSnapshot,
    QueueRecord,
    QueueSettle,
    QueueStats,
    QueueStep,
)

CRASHES = 3
_BAND = 2**50


@dataclass(slots=True)
class _Record:
    """What is known of one delivery; as `m` in `lua/keys.lua`."""

    id: str
    lane: str
    endpoint: str
    score: int
    crashes: int = 0
    due_ms: int = 0
    parked: bool = False


@dataclass(frozen=True, slots=True)
class _Lease:
    token: str
    id: str
    endpoint: str
    worker: str


@dataclass(slots=True)
class MemoryStore:
    """What a server would hold. Several `MemoryQueue`s over one store are several processes."""

    generation: int = 0
    whole: int = 0
    fence: int = 0
    turn: int = 0
    seq: int = 0
    records: dict[str, _Record] = field(default_factory=dict)
    lanes: dict[str, list[str]] = field(default_factory=dict)
    ready: dict[str, dict[str, int]] = field(default_factory=dict)  # endpoint → lane → score
    act: dict[str, int] = field(default_factory=dict)
    caps: dict[str, int] = field(default_factory=dict)
    in_flight: dict[str, set[str]] = field(default_factory=dict)
    lease: dict[str, int] = field(default_factory=dict)
    own: dict[str, _Lease] = field(default_factory=dict)
    delay: dict[str, int] = field(default_factory=dict)
    park: set[str] = field(default_factory=set)
    poison: dict[str, _Lease] = field(default_factory=dict)
    behind: dict[str, int] = field(default_factory=dict)
    locks: dict[str, tuple[str, int]] = field(default_factory=dict)
    bell: threading.Condition = field(default_factory=threading.Condition)  # also guards everything above

    def wipe(self) -> None:
        """As FLUSHALL."""
        with self.bell:
            fresh = MemoryStore()
            for name in self.__slots__:
                if name != "bell":
                    setattr(self, name, getattr(fresh, name))


class MemoryQueue:
    """The `Queue` port. Thread-safe."""

    def __init__(
        self,
        store: MemoryStore | None = None,
        *,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        in_flight: int = IN_FLIGHT,
    ) -> None:
        self._store = store or MemoryStore()
        self._now_ms = now_ms
        self._cap = in_flight
        self._generation = 0
        self._fence = 0

    # -- work --

    def enqueue(self, records: Sequence[QueueRecord]) -> frozenset[str]:
        """See the port."""
        refused = set()
        with self._checked() as s:
            for r in records:
                if r.delivery_id in s.records:
                    continue
                ids = s.lanes.get(r.lane, [])
                if (ids[-1] if ids else "") != r.predecessor or r.lane in s.behind:
                    self._new_ticket(r.lane)
                    refused.add(r.lane)
                    continue
                entry = LaneDelivery(r.delivery_id, r.priority, r.not_before, parked=False, held=False)
                self._append(r.lane, r.endpoint, entry, None)
                if not ids:
                    self._rest(r.lane, r.endpoint)
            s.bell.notify_all()
        return frozenset(refused)

    def claim(self, worker: str, *, settles: Sequence[QueueSettle], limit: int, lease_s: float) -> tuple[Claimed, ...]:
        """See the port."""
        with self._checked() as s:
            now = self._now_ms()
            for settle in settles:
                self._settle(settle)
            for lane in [lane for lane, due in s.delay.items() if due <= now]:
                self._rest(lane, s.records[s.lanes[lane][0]].endpoint)
            for lane in [lane for lane, until in s.lease.items() if until <= now]:
                self._crash(lane)
            claims = self._take(worker, limit, now + int(lease_s * 1000))
            s.bell.notify_all()
        self._fence = max([self._fence, *(int(claim.token.partition(".")[2]) for claim in claims)])
        return tuple(claims)

    def extend(self, claims: Sequence[Claimed], *, lease_s: float) -> frozenset[str]:
        """See the port."""
        held = set()
        with self._checked() as s:
            for c in claims:
                lease = s.own.get(c.lane)
                if lease and (lease.id, lease.token) == (c.delivery_id, c.token):
                    s.lease[c.lane] = self._now_ms() + int(lease_s * 1000)
                    held.add(c.delivery_id)
        return frozenset(held)

    def poisoned(self) -> tuple[Claimed, ...]:
        """See the port."""
        with self._checked() as s:
            return tuple(
                Claimed(p.id, lane, p.endpoint, p.token, 0, s.records[p.id].crashes) for lane, p in s.poison.items()
            )

    def wait(self, timeout_s: float) -> None:
        """See the port."""
        s = self._store
        with s.bell:
            due = min([*s.delay.values(), *s.lease.values()], default=None)
            if due is not None:
                timeout_s = min(timeout_s, (due - self._now_ms()) / 1000)
            if not s.act and timeout_s > 0:
                s.bell.wait(timeout_s)

    # -- lanes --

    def release(self, lane: str) -> None:
        """See the port."""
        with self._checked() as s:
            if lane not in s.lanes or lane in s.own:
                return
            head = s.records[s.lanes[lane][0]]
            head.parked, head.due_ms, head.crashes = False, 0, 0
            self._moved(lane)
            self._rest(lane, head.endpoint)
            s.bell.notify_all()

    def mark(self, lane: str) -> int:
        """See the port."""
        with self._checked():
            return self._new_ticket(lane)

    def behind(self, limit: int) -> tuple[str, ...]:
        """See the port."""
        with self._checked() as s:
            return tuple(s.behind)[:limit]

    def rebuild_lane(self, snapshot: LaneSnapshot, *, ticket: int = 0) -> bool:
        """See the port."""
        lane, endpoint = snapshot.lane, snapshot.endpoint
        with self._checked() as s:
            if ticket and s.behind.get(lane) != ticket:
                return False
            lease, poison, parked = s.own.get(lane), s.poison.get(lane), lane in s.park
            old = {id_: s.records.pop(id_) for id_ in s.lanes.pop(lane, [])}
            entries = _fed(snapshot.deliveries)
            if entries and parked and not poison and not entries[0].parked and entries[0].delivery_id in old:
                old[entries[0].delivery_id].crashes = 0
            for entry in entries:
                self._append(lane, endpoint, entry, old.get(entry.delivery_id))
            s.behind.pop(lane, None)
            head = s.records[entries[0].delivery_id] if entries else None
            if head and lease and lease.id == head.id:
                return True
            if head and poison and poison.id == head.id and not head.parked:
                head.parked = True
                return True
            self._rest(lane, endpoint)
            s.bell.notify_all()
        return True

    def drop_lane(self, lane: str, *, ticket: int = 0) -> bool:
        """See the port."""
        with self._checked() as s:
            if ticket and s.behind.get(lane) != ticket:
                return False
            old = [s.records.pop(id_) for id_ in s.lanes.pop(lane, [])]
            if old:
                self._rest(lane, old[0].endpoint)
            s.behind.pop(lane, None)
        return True

    def fill(self, snapshots: Sequence[LaneSnapshot]) -> frozenset[str]:
        """See the port."""
        with self._checked() as s:
            doubtful = frozenset(snapshot.lane for snapshot in snapshots if self._fill(snapshot))
            s.bell.notify_all()
        return doubtful

    def set_cap(self, endpoint: str, cap: int) -> None:
        """How many lanes of an endpoint may be in flight, in place of the default."""
        with self._checked() as s:
            s.caps[endpoint] = cap
            self._touch(endpoint)

    # -- generations --

    def generation(self) -> int:
        """See the port."""
        with self._store.bell:
            if self._store.generation == self._generation and self._store.fence < self._fence:
                return 0
            return self._store.generation

    def adopt(self, generation: int) -> None:
        """See the port."""
        if generation != self._generation:
            self._fence = 0
        self._generation = generation

    def start_generation(self, generation: int) -> None:
        """See the port."""
        s = self._store
        with s.bell:
            if s.generation > generation:
                raise GenerationLost(f"generation {s.generation} is newer than {generation}")
            if s.generation < generation:
                locks = s.locks
                s.wipe()
                s.locks, s.generation = locks, generation
        self.adopt(generation)

    def finish_generation(self) -> None:
        """See the port."""
        with self._checked() as s:
            s.whole = self._generation

    def whole(self) -> bool:
        """See the port."""
        return self._generation > 0 and self._store.whole == self._generation

    def lock(self, name: str, owner: str, *, lease_s: float) -> bool:
        """See the port."""
        s = self._store
        with s.bell:
            holder, until = s.locks.get(name, ("", 0))
            if holder not in ("", owner) and until > self._now_ms():
                return False
            s.locks[name] = (owner, self._now_ms() + int(lease_s * 1000))
        return True

    # -- the house --

    def expire_worker(self, worker: str) -> int:
        """See the port."""
        with self._checked() as s:
            lanes = [lane for lane, lease in s.own.items() if lease.worker == worker]
            for lane in lanes:
                self._crash(lane)
            s.bell.notify_all()
        return len(lanes)

    def stats(self) -> QueueStats:
        """See the port."""
        with self._checked() as s:
            return QueueStats(
                generation=self._generation,
                ready=sum(map(len, s.ready.values())),
                leased=len(s.lease),
                delayed=len(s.delay),
                parked=len(s.park),
                queued=len(s.records),
            )

    def server(self) -> str:
        """See the port."""
        return f"memory-{id(self._store):x}"

    def ping(self) -> None:
        """See the port."""

    def close(self) -> None:
        """See the port."""

    # -- the rules, as in lua/ --

    def _checked(self) -> _Checked:
        return _Checked(self._store, self._generation, self._fence)

    def _touch(self, endpoint: str) -> None:
        s = self._store
        room = len(s.in_flight.get(endpoint, ())) < s.caps.get(endpoint, self._cap)
        if not room or not s.ready.get(endpoint):
            s.act.pop(endpoint, None)
        elif endpoint not in s.act:
            s.turn += 1
            s.act[endpoint] = s.turn

    def _leave(self, lane: str, endpoint: str) -> None:
        """Takes a lane out of wherever it is."""
        s = self._store
        s.ready.setdefault(endpoint, {}).pop(lane, None)
        s.delay.pop(lane, None)
        s.park.discard(lane)
        s.poison.pop(lane, None)
        s.lease.pop(lane, None)
        s.own.pop(lane, None)
        s.in_flight.setdefault(endpoint, set()).discard(lane)

    def _rest(self, lane: str, endpoint: str) -> None:
        s = self._store
        self._leave(lane, endpoint)
        head = s.records[s.lanes[lane][0]] if s.lanes.get(lane) else None
        if head is None:
            s.lanes.pop(lane, None)
        elif head.parked:
            s.park.add(lane)
        elif head.due_ms > self._now_ms():
            s.delay[lane] = head.due_ms
        else:
            s.ready[endpoint][lane] = head.score
        self._touch(endpoint)

    def _append(self, lane: str, endpoint: str, entry: LaneDelivery, old: _Record | None) -> None:
        s = self._store
        if old is None:
            s.seq += 1
            old = _Record(entry.delivery_id, lane, endpoint, entry.priority * _BAND + s.seq)
        old.due_ms = int(entry.not_before.timestamp() * 1000) if entry.not_before else 0
        old.parked = entry.parked
        s.records[old.id] = old
        s.lanes.setdefault(lane, []).append(old.id)

    def _settle(self, settle: QueueSettle) -> None:
        s, lane = self._store, settle.lane
        lease = s.own.get(lane) or s.poison.get(lane)
        if lease is None or (lease.token, lease.id) != (settle.token, settle.delivery_id):
            return
        if settle.step is QueueStep.DONE:
            s.lanes[lane].pop(0)
            del s.records[lease.id]
        else:
            head = s.records[lease.id]
            head.crashes = 0
            head.due_ms = int(settle.at.timestamp() * 1000) if settle.step is QueueStep.DELAY and settle.at else 0
            head.parked = settle.step is QueueStep.PARK
        self._moved(lane)
        self._rest(lane, lease.endpoint)

    def _crash(self, lane: str) -> None:
        s = self._store
        lease = s.own[lane]
        head = s.records[lease.id]
        head.crashes += 1
        head.parked = head.parked or head.crashes >= CRASHES
        self._rest(lane, head.endpoint)
        if head.crashes >= CRASHES:
            s.poison[lane] = _Lease(self._new_token(), head.id, head.endpoint, lease.worker)

    def _take(self, worker: str, limit: int, until_ms: int) -> list[Claimed]:
        s = self._store
        claims: list[Claimed] = []
        aside: list[str] = []
        suspect = False
        while len(claims) < limit and s.act:
            endpoint = min(s.act, key=lambda e: s.act[e])
            lane = min(s.ready[endpoint], key=lambda name: s.ready[endpoint][name])
            head = s.records[s.lanes[lane][0]]
            if head.crashes and suspect:
                del s.act[endpoint]
                aside.append(endpoint)
                continue
            suspect = suspect or head.crashes > 0
            lease = _Lease(self._new_token(), head.id, endpoint, worker)
            self._leave(lane, endpoint)
            s.lease[lane], s.own[lane] = until_ms, lease
            s.in_flight[endpoint].add(lane)
            self._touch(endpoint)
            s.turn += 1
            if endpoint in s.act:
                s.act[endpoint] = s.turn
            claims.append(Claimed(head.id, lane, endpoint, lease.token, until_ms, head.crashes))
        for endpoint in aside:
            self._touch(endpoint)
        return claims

    def _fill(self, snapshot: LaneSnapshot) -> bool:
        s, lane = self._store, snapshot.lane
        entries = _fed(snapshot.deliveries)
        if lane in s.behind:
            return True
        ids = s.lanes.get(lane)
        if ids:
            if not entries or (ids[0], ids[-1]) != (entries[0].delivery_id, entries[-1].delivery_id):
                return True
            if lane in s.own or lane in s.poison:
                return False
            return (lane in s.park) != entries[0].parked
        for entry in entries:
            self._append(lane, snapshot.endpoint, entry, None)
        self._rest(lane, snapshot.endpoint)
        return False

    def _new_token(self) -> str:
        self._store.fence += 1
        return f"{self._generation}.{self._store.fence}"

    def _new_ticket(self, lane: str) -> int:
        self._store.seq += 1
        self._store.behind[lane] = self._store.seq
        return self._store.seq

    def _moved(self, lane: str) -> None:
        if lane in self._store.behind:
            self._new_ticket(lane)


@dataclass(frozen=True, slots=True)
class _Checked:
    """The store, locked, and belonging to the expected generation."""

    store: MemoryStore
    generation: int
    fence: int

    def __enter__(self) -> MemoryStore:
        self.store.bell.acquire()
        if not self.generation or self.store.generation != self.generation or self.store.fence < self.fence:
            self.store.bell.release()
            raise GenerationLost(f"generation {self.store.generation} not {self.generation}")
        return self.store

    def __exit__(self, *_: object) -> None:
        self.store.bell.release()


def _fed(deliveries: Iterable[LaneDelivery]) -> list[LaneDelivery]:
    return list(takewhile(lambda d: not d.held, deliveries))
