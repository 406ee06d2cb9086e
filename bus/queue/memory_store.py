"""What the in-memory queue holds, and the rules by which it changes: `lua/` once more, in Python."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields

from bus.queue.memory_endpoint import BAND, EVER, EndpointState, ms_until, next_lane
from bus.queue.memory_record import Lease, Record, fed
from bus.rates import Rate
from bus.records import ALL, Breaker, Claimed, LaneDelivery, LaneSnapshot, Place, QueueSettle, QueueStep, Standing

CRASHES = 3
STOPPED = 2**52


@dataclass(slots=True)
class MemoryStore:
    """What a server would hold, and the rules of `lua/`. Several `MemoryQueue`s over one store are several processes.
    Guarded by `bell`: callers hold it."""

    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    cap: int = 0  # lanes of an endpoint in flight at most, where its state says nothing; as the last caller had it
    breaker: Breaker | None = None  # as the last caller had it
    rates: Mapping[str, Rate] = field(default_factory=dict)  # as the last caller had it

    generation: int = 0
    partitions: int = 0  # that the generation has
    whole: int = 0
    fence: int = 0
    turn: int = 0
    seq: int = 0
    records: dict[str, Record] = field(default_factory=dict)
    lanes: dict[str, list[str]] = field(default_factory=dict)
    ready: dict[str, dict[str, int]] = field(default_factory=dict)  # endpoint → lane → score
    act: dict[str, int] = field(default_factory=dict)
    endpoints: dict[str, EndpointState] = field(default_factory=dict)
    looks: dict[str, int] = field(default_factory=dict)  # endpoint → ms; as `wait`
    obeyed: int = 0
    stopped: int = 0  # ms until; EVER; 0 = retries go on
    tick: int = 0
    in_flight: dict[str, set[str]] = field(default_factory=dict)
    lease: dict[str, int] = field(default_factory=dict)
    own: dict[str, Lease] = field(default_factory=dict)
    delay: dict[str, int] = field(default_factory=dict)
    park: set[str] = field(default_factory=set)
    poison: dict[str, Lease] = field(default_factory=dict)
    behind: dict[str, int] = field(default_factory=dict)
    locks: dict[str, tuple[str, int]] = field(default_factory=dict)
    bell: threading.Condition = field(default_factory=threading.Condition)  # also guards everything above

    def wipe(self) -> None:
        """As FLUSHALL."""
        with self.bell:
            fresh = MemoryStore()
            for name in _CONTENTS:
                setattr(self, name, getattr(fresh, name))

    # -- the rules --

    def touch(self, endpoint: str) -> None:
        """An endpoint can be claimed from while it has a ready lane, does not rest, and has room in flight."""
        in_flight = len(self.in_flight.get(endpoint, ()))
        room = self.endpoint(endpoint).has_room(in_flight, self.cap, self.breaker)
        if not room or not self.ready.get(endpoint):
            self.act.pop(endpoint, None)
        elif endpoint not in self.act:
            self.turn += 1
            self.act[endpoint] = self.turn

    def place_of(self, lane: str) -> Place:
        """Where a lane is."""
        head = next(iter(self.lanes.get(lane, ())), "")
        if head not in self.records:
            return Place.NOWHERE
        if lane in self.ready.get(self.records[head].endpoint, {}):
            return Place.READY
        if lane in self.delay:
            return Place.WAITING
        if lane in self.lease:
            return Place.LEASED
        return Place.PARKED if lane in self.park else Place.NOWHERE

    def endpoint(self, endpoint: str) -> EndpointState:
        """Its state, from the first look on."""
        return self.endpoints.setdefault(endpoint, EndpointState())

    def watch(self, endpoint: str) -> None:
        """Notes when the endpoint is to be looked at again."""
        at = self.endpoint(endpoint).next_look()
        if at is None:
            self.looks.pop(endpoint, None)
        else:
            self.looks[endpoint] = at

    def wake(self, endpoint: str) -> None:
        """A pause ends, an open breaker lets one probe out."""
        self.endpoint(endpoint).wake(self.now_ms())
        self.watch(endpoint)
        self.touch(endpoint)

    def obey(self, standing: Standing) -> None:
        """What is not named is not ordered any more."""
        if self.obeyed >= standing.revision:
            return
        self.obeyed = standing.revision
        self.stopped = ms_until(standing.retries) if standing.retries else 0
        orders = {order.endpoint: order for order in standing.orders if order.endpoint != ALL}
        for name in sorted(self.endpoints.keys() | orders.keys()):
            self.endpoint(name).order(orders.get(name))
            self.watch(name)
            self.touch(name)

    def rate_of(self, endpoint: str) -> Rate | None:
        """As ordered, else as the last caller's settings say."""
        return self.endpoint(endpoint).rate or self.rates.get(endpoint)

    def retries_stopped(self) -> bool:
        """Now."""
        return self.stopped == EVER or self.stopped > self.now_ms()

    def look_at_clock(self) -> None:
        """If it went back, nobody waits for the next token longer than it takes to come."""
        now = self.now_ms()
        if self.tick <= now:
            return
        for name in list(self.looks):
            self.endpoint(name).clock_went_back(self.rate_of(name), now)
            self.watch(name)
        self.tick = now

    def look_at_stop(self) -> None:
        """What waited because retries were stopped goes on when they are not any more."""
        if not self.retries_stopped():
            for lane in sorted(lane for lane, at in self.delay.items() if at >= STOPPED):  # as the server lists them
                self.rest(lane, self.records[self.lanes[lane][0]].endpoint)

    def leave(self, lane: str, endpoint: str) -> None:
        """Takes a lane out of wherever it is."""
        if lane in self.own:
            self.endpoint(endpoint).unleased(self.own[lane].token, self.now_ms())
            self.watch(endpoint)
        self.ready.setdefault(endpoint, {}).pop(lane, None)
        self.delay.pop(lane, None)
        self.park.discard(lane)
        self.poison.pop(lane, None)
        self.lease.pop(lane, None)
        self.own.pop(lane, None)
        self.in_flight.setdefault(endpoint, set()).discard(lane)

    def rest(self, lane: str, endpoint: str) -> None:
        """Puts an unleased lane where its head belongs."""
        self.leave(lane, endpoint)
        head = self.records[self.lanes[lane][0]] if self.lanes.get(lane) else None
        if head is None:
            self.lanes.pop(lane, None)
        elif head.parked:
            self.park.add(lane)
        elif head.due_ms > self.now_ms():
            self.delay[lane] = head.due_ms
        else:
            self.ready[endpoint][lane] = head.score
        self.touch(endpoint)

    def append(self, lane: str, endpoint: str, entry: LaneDelivery, old: Record | None) -> None:
        """Adds to the tail; says nothing about where the lane is."""
        if old is None:
            self.seq += 1
            old = Record(entry.delivery_id, lane, endpoint, entry.priority * BAND + self.seq)
        old.due_ms = int(entry.not_before.timestamp() * 1000) if entry.not_before else 0
        old.parked, old.tried = entry.parked, old.tried or entry.tried
        self.records[old.id] = old
        self.lanes.setdefault(lane, []).append(old.id)

    def settle(self, settle: QueueSettle) -> None:
        """One settlement; nothing where the token does not hold."""
        lane = settle.lane
        lease = self.own.get(lane) or self.poison.get(lane)
        if lease is None or (lease.token, lease.id) != (settle.token, settle.delivery_id):
            return
        if settle.step is QueueStep.DONE:
            self.lanes[lane].pop(0)
            del self.records[lease.id]
        else:
            head = self.records[lease.id]
            if settle.tried or settle.step is QueueStep.PARK:  # put back untried it may still be what it was
                head.crashes = 0
            head.due_ms = int(settle.at.timestamp() * 1000) if settle.step is QueueStep.DELAY and settle.at else 0
            # By a rebuild meanwhile: the journal says so.
            head.parked = settle.step is QueueStep.PARK or (head.parked and not settle.tried)
            head.tried = head.tried or settle.tried
        self.endpoint(lease.endpoint).told(lane, lease.token, settle.health, self.breaker, self.now_ms())
        self.watch(lease.endpoint)
        self.moved(lane)
        self.rest(lane, lease.endpoint)

    def crash(self, lane: str) -> None:
        """A lease was lost."""
        lease = self.own[lane]
        head = self.records[lease.id]
        head.crashes += 1
        head.tried = True
        head.parked = head.parked or head.crashes >= CRASHES
        self.rest(lane, head.endpoint)
        if head.crashes >= CRASHES:
            self.poison[lane] = Lease(self.new_token(), head.id, head.endpoint, lease.worker)

    def take(self, worker: str, limit: int, until_ms: int) -> list[Claimed]:
        """One lane per endpoint per turn; at most one that lost a worker before."""
        claims: list[Claimed] = []
        aside: list[str] = []
        suspect = False
        while len(claims) < limit and self.act:
            endpoint = min(self.act, key=lambda e: self.act[e])
            state = self.endpoint(endpoint)
            lane, passed = next_lane(self.ready[endpoint], state)
            head = self.records[self.lanes[lane][0]]
            if head.tried and self.retries_stopped():
                self.leave(lane, endpoint)
                self.delay[lane] = STOPPED
                self.touch(endpoint)
                continue
            if head.crashes and suspect:
                del self.act[endpoint]
                aside.append(endpoint)
                continue
            if not self._spend(endpoint, state):
                continue
            suspect = suspect or head.crashes > 0
            state.passed = passed
            claims.append(self._lease(lane, head, worker, until_ms))
        for endpoint in aside:
            self.touch(endpoint)
        return claims

    def _spend(self, endpoint: str, state: EndpointState) -> bool:
        rate, now = self.rate_of(endpoint), self.now_ms()
        if rate is None:
            return True
        paid, self.tick = state.spend(rate, now), now
        self.watch(endpoint)
        self.touch(endpoint)
        return paid

    def _lease(self, lane: str, head: Record, worker: str, until_ms: int) -> Claimed:
        endpoint, state = head.endpoint, self.endpoint(head.endpoint)
        lease = Lease(self.new_token(), head.id, endpoint, worker)
        self.leave(lane, endpoint)
        if state.state:
            state.probe = lease.token
        self.lease[lane], self.own[lane] = until_ms, lease
        self.in_flight[endpoint].add(lane)
        self.touch(endpoint)
        self.turn += 1
        if endpoint in self.act:
            self.act[endpoint] = self.turn
        return Claimed(head.id, lane, endpoint, lease.token, until_ms, head.crashes)

    def fill(self, snapshot: LaneSnapshot) -> bool:
        """Writes a missing lane. True: there is one, and it differs."""
        lane = snapshot.lane
        entries = fed(snapshot.deliveries)
        if lane in self.behind:
            return True
        ids = self.lanes.get(lane)
        if ids:
            if not entries or (ids[0], ids[-1]) != (entries[0].delivery_id, entries[-1].delivery_id):
                return True
            if lane in self.own or lane in self.poison:
                return False
            return (lane in self.park) != entries[0].parked
        for entry in entries:
            self.append(lane, snapshot.endpoint, entry, None)
        self.rest(lane, snapshot.endpoint)
        return False

    def new_token(self) -> str:
        """Never given twice."""
        self.fence += 1
        return f"{self.generation}.{self.fence}"

    def new_ticket(self, lane: str) -> int:
        """Voids those given before."""
        self.seq += 1
        self.behind[lane] = self.seq
        return self.seq

    def moved(self, lane: str) -> None:
        """Something left the lane: whoever read the journal before must read it again."""
        if lane in self.behind:
            self.new_ticket(lane)


_CONTENTS = tuple(f.name for f in fields(MemoryStore) if f.name not in ("now_ms", "cap", "breaker", "rates", "bell"))
