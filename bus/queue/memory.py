"""The queue in memory: the twin of `RedisQueue`, for tests and for reading. Nothing outlives the process."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from bus.ports import GenerationLost
from bus.queue.memory_checked import Checked
from bus.queue.memory_record import due, fed
from bus.queue.memory_store import STOPPED, MemoryStore
from bus.queue.redis_queue import IN_FLIGHT
from bus.rates import Rate
from bus.records import (
    Breaker,
    Claimed,
    EndpointView,
    LaneDelivery,
    LaneSnapshot,
    Place,
    QueueRecord,
    QueueSettle,
    QueueStats,
    Standing,
)


class MemoryQueue:
    """The `Queue` port. Thread-safe."""

    def __init__(
        self,
        store: MemoryStore | None = None,
        *,
        in_flight: int = IN_FLIGHT,
        breaker: Breaker | None = None,
        rates: Mapping[str, Rate] | None = None,
        partitions: int = 1,  # that there are; each has a store of its own
    ) -> None:
        self._store = store or MemoryStore()
        self._cap = in_flight
        self._breaker = breaker
        self._rates = rates or {}
        self._partitions = partitions
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
                    s.new_ticket(r.lane)
                    refused.add(r.lane)
                    continue
                entry = LaneDelivery(r.delivery_id, r.priority, r.not_before, parked=False, held=False)
                s.append(r.lane, r.endpoint, entry, None)
                if not ids:
                    s.rest(r.lane, r.endpoint)
            s.bell.notify_all()
        return frozenset(refused)

    def claim(self, worker: str, *, settles: Sequence[QueueSettle], limit: int, lease_s: float) -> tuple[Claimed, ...]:
        """See the port."""
        with self._checked() as s:
            now = s.now_ms()
            for settle in settles:
                s.settle(settle)
            s.look_at_clock()
            s.look_at_stop()
            for lane in due(s.delay, now):
                s.rest(lane, s.records[s.lanes[lane][0]].endpoint)
            for lane in due(s.lease, now):
                s.crash(lane)
            for endpoint in due(s.looks, now):
                s.wake(endpoint)
            claims = s.take(worker, limit, now + int(lease_s * 1000))
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
                    s.lease[c.lane] = s.now_ms() + int(lease_s * 1000)
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
        with self._store.bell:
            timeout_s = min(timeout_s, self.due_s())
            if timeout_s > 0:
                self._store.bell.wait(timeout_s)

    def due_s(self) -> float:
        """Seconds until something comes due by itself; 0 = it can be claimed."""
        s = self._store
        if s.act:
            return 0.0
        delays = (at for at in s.delay.values() if at < STOPPED)
        return (min([*delays, *s.lease.values(), *s.looks.values()], default=math.inf) - s.now_ms()) / 1000

    def ring(self) -> None:
        """Wakes all who wait."""
        with self._store.bell:
            self._store.bell.notify_all()

    # -- lanes --

    def release(self, lane: str) -> None:
        """See the port."""
        with self._checked() as s:
            if lane not in s.lanes or lane in s.own:
                return
            head = s.records[s.lanes[lane][0]]
            head.parked, head.due_ms, head.crashes = False, 0, 0
            s.moved(lane)
            s.rest(lane, head.endpoint)
            s.bell.notify_all()

    def mark(self, lane: str) -> int:
        """See the port."""
        with self._checked() as s:
            return s.new_ticket(lane)

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
            entries = fed(snapshot.deliveries)
            if entries and parked and not poison and not entries[0].parked and entries[0].delivery_id in old:
                old[entries[0].delivery_id].crashes = 0
            for entry in entries:
                s.append(lane, endpoint, entry, old.get(entry.delivery_id))
            s.behind.pop(lane, None)
            head = s.records[entries[0].delivery_id] if entries else None
            if head and lease and lease.id == head.id:
                return True
            if head and poison and poison.id == head.id and not head.parked:
                head.parked = True
                return True
            s.rest(lane, endpoint)
            s.bell.notify_all()
        return True

    def drop_lane(self, lane: str, *, ticket: int = 0) -> bool:
        """See the port."""
        with self._checked() as s:
            if ticket and s.behind.get(lane) != ticket:
                return False
            old = [s.records.pop(id_) for id_ in s.lanes.pop(lane, [])]
            if old:
                s.rest(lane, old[0].endpoint)
            s.behind.pop(lane, None)
        return True

    def fill(self, snapshots: Sequence[LaneSnapshot]) -> frozenset[str]:
        """See the port."""
        with self._checked() as s:
            doubtful = frozenset(snapshot.lane for snapshot in snapshots if s.fill(snapshot))
            s.bell.notify_all()
        return doubtful

    def obey(self, standing: Standing) -> None:
        """See the port."""
        with self._checked() as s:
            s.obey(standing)
            s.bell.notify_all()

    def endpoints(self) -> tuple[EndpointView, ...]:
        """See the port."""
        with self._checked() as s:
            return tuple(
                e.view(
                    name,
                    rate=s.rate_of(name),
                    ready=len(s.ready.get(name, ())),
                    in_flight=len(s.in_flight.get(name, ())),
                )
                for name, e in sorted(s.endpoints.items())
            )

    # -- generations --

    def generation(self) -> int:
        """See the port."""
        with self._store.bell:
            if self._store.generation == self._generation and self._store.fence < self._fence:
                return 0
            return self._store.generation if self._store.partitions in (0, self._partitions) else 0

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
                s.locks, s.generation, s.partitions = locks, generation, self._partitions
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
            left, lease_ms = until - s.now_ms(), int(lease_s * 1000)
            if holder not in ("", owner) and left > 0 and (left <= lease_ms or not lease_ms):
                return False
            s.locks[name] = (owner, s.now_ms() + lease_ms)
        return True

    # -- the house --

    def expire_worker(self, worker: str) -> int:
        """See the port."""
        with self._checked() as s:
            lanes = sorted(lane for lane, lease in s.own.items() if lease.worker == worker)
            for lane in lanes:
                s.crash(lane)
            s.bell.notify_all()
        return len(lanes)

    def places(self, lanes: Sequence[str]) -> Mapping[str, Place]:
        """See the port."""
        with self._checked() as s:
            return {lane: s.place_of(lane) for lane in lanes}

    def stats(self) -> QueueStats:
        """See the port."""
        with self._checked() as s:
            return QueueStats(
                generation=self._generation, ready=sum(map(len, s.ready.values())), leased=len(s.lease),
                delayed=len(s.delay), parked=len(s.park), queued=len(s.records),
            )  # fmt: skip

    def server(self) -> str:
        """See the port."""
        return f"memory-{id(self._store):x}"

    def ping(self) -> None:
        """See the port."""

    def close(self) -> None:
        """See the port."""

    def _checked(self) -> Checked:
        return Checked(self._store, self._generation, self._fence, self._cap, self._breaker, self._rates)
