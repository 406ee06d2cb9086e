"""A rule machine: a small journal, workers that crash, doors that stall, feeders that overlap, over both queues.

The machine is the journal and the workers; both queues are told the same and must answer the same. After each step:
each lane is in exactly one place and the sets agree; what was claimed is the journal's head of its lane, or final;
no lane has two live leases; an endpoint that failed often enough rests, then lets one probe out at a time; a paused
one is not claimed from. At the end everything accepted is delivered, in order, and nothing is left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bus.ports import GenerationLost
from bus.rates import Rate
from bus.records import Breaker, Claimed, Health, LaneDelivery, LaneSnapshot, QueueRecord, QueueStep
from tests.contract.queue_world import MemoryWorld, RedisWorld, check_world, moment, record, settle, standing

LANES = ("D1|E1", "D2|E1", "D3|E1", "D4|E4")
WORKERS = ("w1", "w2")
CAP = 2
LEASE_S = 60.0
BREAKER = Breaker(failures=2, first_s=20, most_s=80)
ENDPOINTS = ("E1", "E4")  # in different partitions, where there are three

lanes = st.sampled_from(LANES)
workers = st.sampled_from(WORKERS)


@dataclass
class Row:
    """One delivery, as the journal has it."""

    id: str
    lane: str
    due_ms: int = 0
    parked: bool = False
    intent: str = ""  # token under which an attempt may be under way
    intent_until_ms: int = 0
    tried: bool = False


@dataclass
class SmallJournal:
    """Open deliveries per lane, in order; and everything ever delivered."""

    open: dict[str, list[Row]] = field(default_factory=lambda: {lane: [] for lane in LANES})
    accepted: dict[str, list[str]] = field(default_factory=lambda: {lane: [] for lane in LANES})
    delivered: dict[str, list[str]] = field(default_factory=lambda: {lane: [] for lane in LANES})
    generation: int = 0
    revision: int = 0
    pauses: dict[str, int] = field(default_factory=dict)  # endpoint → ms until; a great number = for good
    rates: dict[str, Rate] = field(default_factory=dict)
    stopped_ms: int = 0  # retries are stopped until then

    def row(self, delivery: str, lane: str) -> Row | None:
        return next((row for row in self.open[lane] if row.id == delivery), None)

    def snapshot(self, lane: str, now_ms: int) -> LaneSnapshot | None:
        rows = []
        for row in self.open[lane]:
            due = max(row.due_ms, row.intent_until_ms)
            not_before = moment(due) if due > now_ms else None
            rows.append(LaneDelivery(row.id, 1, not_before, row.parked, held=False, tried=row.tried))
        return LaneSnapshot(lane, lane.partition("|")[2], tuple(rows)) if rows else None


class QueueMachine(RuleBasedStateMachine):
    """See above. `change` alters the functions' text: an injected bug must make the machine fail."""

    change: ClassVar[Callable[[str], str]] = staticmethod(lambda text: text)
    partitions: ClassVar[int] = 1

    def __init__(self) -> None:
        super().__init__()
        self.journal = SmallJournal()
        self.worlds = (
            RedisWorld(type(self).change, partitions=self.partitions),
            MemoryWorld(partitions=self.partitions),
        )
        self.queues = tuple(world.queue(in_flight=CAP, breaker=BREAKER) for world in self.worlds)
        self.stalled: list[QueueRecord] = []
        self.claims: list[tuple[str, Claimed]] = []  # (worker, claim), also of workers long dead
        self.live: dict[str, tuple[str, int]] = {}  # lane → token and end of the lease somebody may believe in
        self.mends: list[tuple[str, int, LaneSnapshot | None]] = []  # read from the journal, not yet written
        self.old: list[LaneSnapshot] = []  # a walk's snapshots, not yet filled in
        self.failures: dict[str, int] = {}  # endpoint → in a row, as told
        self.fell: dict[str, int] = {}  # endpoint → ms when its breaker opened last
        self.probes: set[str] = set()  # tokens
        self.went: dict[str, list[int]] = {}  # endpoint → ms of each claim, while it has a rate

    # -- both queues are told the same --

    def both(self, call: Callable[[object], object]) -> object:
        answers = []
        for queue in self.queues:
            try:
                answers.append(call(queue))
            except GenerationLost:
                answers.append("lost")
        assert answers[0] == answers[1]
        return answers[0]

    @property
    def now_ms(self) -> int:
        return self.worlds[0].now_ms

    @initialize()
    def begin(self) -> None:
        self.start()

    def start(self) -> None:
        """What the feeder does: a new generation, filled from the journal."""
        self.journal.generation += 1
        self.both(lambda q: q.start_generation(self.journal.generation))
        self.obey()
        self.failures.clear()
        self.live.clear()  # the intents in the journal keep these apart from now on
        self.mends.clear()
        snapshots = [s for lane in LANES if (s := self.journal.snapshot(lane, self.now_ms))]
        for lane in self.both(lambda q: q.fill(snapshots)):
            self.mend(lane)
        self.both(lambda q: q.finish_generation())

    # -- doors --

    @rule(lane=lanes, count=st.integers(1, 3), stall=st.integers(0, 2), priority=st.integers(0, 2))
    def accept(self, lane: str, count: int, stall: int, priority: int) -> None:
        for _ in range(count):
            self.accept_one(lane, stall=stall == 2, priority=priority)

    def accept_one(self, lane: str, *, stall: bool, priority: int = 1) -> None:
        tail = self.journal.open[lane][-1].id if self.journal.open[lane] else ""
        number = len(self.journal.accepted[lane]) + 1
        made = record(number, lane=lane)
        made = QueueRecord(made.delivery_id, lane, made.endpoint, priority, tail, None)
        self.journal.open[lane].append(Row(made.delivery_id, lane))
        self.journal.accepted[lane].append(made.delivery_id)
        if stall:
            self.stalled.append(made)
        else:
            self.feed(made)

    def feed(self, made: QueueRecord) -> None:
        refused = self.both(lambda q: q.enqueue([made]))
        for lane in refused if refused != "lost" else ():
            self.mend(lane)

    @precondition(lambda self: self.stalled)
    @rule(data=st.data())
    def feed_late(self, data: st.DataObject) -> None:
        self.feed(self.stalled.pop(data.draw(st.integers(0, len(self.stalled) - 1))))

    # -- workers --

    @rule(worker=workers, limit=st.integers(1, 4))
    def claim(self, worker: str, limit: int) -> None:
        self.told(self.both(lambda q: q.claim(worker, settles=(), limit=limit, lease_s=LEASE_S)), worker)

    def told(self, claims: object, worker: str) -> None:
        assert isinstance(claims, tuple)
        for claim in claims:
            token, until_ms = self.live.get(claim.lane, ("", 0))
            assert until_ms <= self.now_ms, f"{claim.lane} has two live leases: {token} and {claim.token}"
            self.may_go(claim)
            self.live[claim.lane] = (claim.token, claim.lease_until_ms)
            self.claims.append((worker, claim))
            row = self.journal.row(claim.delivery_id, claim.lane)
            if row is None:  # final in the journal: told off without being sent
                self.settle_both(claim, QueueStep.DONE)
                continue
            assert row is self.journal.open[claim.lane][0], "something passed the head of its lane"
            assert not row.tried or self.journal.stopped_ms <= self.now_ms, "retries are stopped"
            row.intent, row.intent_until_ms = claim.token, claim.lease_until_ms

    def holders(self, *, alive: bool) -> list[tuple[Row, Claimed]]:
        """Claims that the journal still honours, or those of workers that lost their lease and do not know it."""
        rows = [(self.journal.row(claim.delivery_id, claim.lane), claim) for _, claim in self.claims]
        return [(row, claim) for row, claim in rows if row and (row.intent == claim.token) is alive]

    def may_go(self, claim: Claimed) -> None:
        """Not while its endpoint is paused or rests; and as a probe only alone."""
        endpoint = claim.endpoint
        assert self.journal.pauses.get(endpoint, 0) <= self.now_ms, f"{endpoint} is paused"
        if rate := self.journal.rates.get(endpoint):
            went = [at for at in self.went.get(endpoint, []) if at > self.now_ms - rate.span_s * 1000]
            assert len(went) < rate.count + rate.burst, f"{endpoint} is sent to faster than {rate}"
            self.went[endpoint] = [*went, self.now_ms]
        if self.failures.get(endpoint, 0) < BREAKER.failures:
            return
        assert self.now_ms >= self.fell[endpoint] + BREAKER.first_s * 500, f"{endpoint} rests"
        for lane, (token, until_ms) in self.live.items():
            alone = token not in self.probes or lane.partition("|")[2] != endpoint or until_ms <= self.now_ms
            assert alone, f"{endpoint} has two probes: {token} and {claim.token}"
        self.probes.add(claim.token)

    def hears(self, claim: Claimed, health: Health) -> None:
        """What is told of an endpoint, if it is heard at all: then the lease is still there."""
        lease = self.worlds[1].lease(claim.lane)
        if lease is None or lease.token != claim.token or health is Health.UNKNOWN:
            return
        endpoint, was = claim.endpoint, self.failures.get(claim.endpoint, 0)
        if health is Health.WELL:
            self.failures[endpoint] = 0
        elif was < BREAKER.failures or claim.token in self.probes:
            self.failures[endpoint] = was + 1
            if was + 1 >= BREAKER.failures:
                self.fell[endpoint] = self.now_ms

    @precondition(lambda self: self.holders(alive=True))
    @rule(
        data=st.data(), step=st.sampled_from(QueueStep), dies=st.integers(0, 3), wait_s=st.integers(0, 90),
        health=st.sampled_from([*Health, Health.ILL]),
    )  # fmt: skip
    def settle(self, data: st.DataObject, step: QueueStep, dies: int, wait_s: int, health: Health) -> None:
        """Journal, then queue. Some die between the two."""
        row, claim = data.draw(st.sampled_from(self.holders(alive=True)))
        row.intent, row.intent_until_ms = "", 0
        row.parked = step is QueueStep.PARK
        row.due_ms = self.now_ms + wait_s * 1000 if step is QueueStep.DELAY else 0
        row.tried = row.tried or step is QueueStep.DELAY
        if step is QueueStep.DONE:
            assert self.journal.open[claim.lane].pop(0) is row
            self.journal.delivered[claim.lane].append(row.id)
        if dies != 3:
            self.settle_both(claim, step, row.due_ms, health=health, tried=row.tried)

    @precondition(lambda self: self.holders(alive=False))
    @rule(data=st.data(), step=st.sampled_from(QueueStep))
    def settle_late(self, data: st.DataObject, step: QueueStep) -> None:
        """The journal refuses it; whatever is tried at the queue must change nothing there either."""
        _, claim = data.draw(st.sampled_from(self.holders(alive=False)))
        if self.live.get(claim.lane, ("", 0))[0] == claim.token:
            return  # its worker told the journal and died before it told the queue: the lease is still its own
        self.both(lambda q: q.claim("settler", settles=(), limit=0, lease_s=LEASE_S))  # what is due moves now
        before = self.worlds[0].look()
        self.settle_both(claim, step)
        assert self.both(lambda q: q.extend([claim], lease_s=9 * LEASE_S)) == frozenset()
        assert self.worlds[0].look() == before

    def settle_both(
        self, claim: Claimed, step: QueueStep, due_ms: int = 0, *, health: Health = Health.UNKNOWN, tried: bool = False
    ) -> None:
        said = settle(claim, step, moment(due_ms) if due_ms else None, health=health, tried=tried)
        self.hears(claim, health)
        self.both(lambda q: q.claim("settler", settles=[said], limit=0, lease_s=LEASE_S))
        if self.live.get(claim.lane, ("", 0))[0] == claim.token:
            del self.live[claim.lane]

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def extend(self, data: st.DataObject) -> None:
        _, claim = data.draw(st.sampled_from(self.claims))
        if self.both(lambda q: q.extend([claim], lease_s=LEASE_S)):
            self.live[claim.lane] = (claim.token, self.now_ms + int(LEASE_S * 1000))
            row = self.journal.row(claim.delivery_id, claim.lane)
            if row and row.intent == claim.token:
                row.intent_until_ms = self.live[claim.lane][1]

    @rule(often=st.integers(0, 2), wait_s=st.sampled_from([0, 30, 80]))
    def fall(self, often: int, wait_s: int) -> None:
        """E1 dies under as many attempts as open its breaker, each of another lane; then time goes by."""
        if often:
            return
        for lane in LANES[: BREAKER.failures]:
            self.accept_one(lane, stall=False)
        for _ in range(BREAKER.failures):
            before = len(self.claims)
            self.claim("w1", 2)
            for _, claim in self.claims[before:]:
                row = self.journal.row(claim.delivery_id, claim.lane)
                if claim.endpoint == "E1" and row and row.intent == claim.token:
                    row.intent, row.intent_until_ms, row.due_ms, row.tried = "", 0, 0, True
                    self.settle_both(claim, QueueStep.DELAY, health=Health.ILL, tried=True)
        self.advance(wait_s)
        self.claim("w1", 4)

    @rule(worker=workers)
    def kill(self, worker: str) -> None:
        self.both(lambda q: q.expire_worker(worker))
        for owner, claim in self.claims:
            if owner == worker and self.live.get(claim.lane, ("", 0))[0] == claim.token:
                del self.live[claim.lane]

    @rule()
    def tell_poison(self) -> None:
        found = self.both(lambda q: tuple(sorted(q.poisoned(), key=lambda c: c.lane)))
        assert isinstance(found, tuple)
        for claim in found:
            row = self.journal.row(claim.delivery_id, claim.lane)
            assert claim.crashes >= 3
            if row is not None:
                row.parked, row.intent, row.intent_until_ms, row.due_ms = True, "", 0, 0
            self.settle_both(claim, QueueStep.PARK if row else QueueStep.DONE)

    # -- operators and time --

    @rule(lane=lanes)
    def release(self, lane: str) -> None:
        rows = self.journal.open[lane]
        if rows and not rows[0].intent:
            rows[0].parked, rows[0].due_ms = False, 0
            self.mend(lane)

    @rule(endpoint=st.sampled_from(ENDPOINTS), wait_s=st.sampled_from([0, 0, 20, 10**9]))
    def pause(self, endpoint: str, wait_s: int) -> None:
        """Or resume it."""
        self.journal.pauses[endpoint] = self.now_ms + wait_s * 1000
        self.journal.revision += 1
        self.obey()
        self.both(lambda q: q.obey(standing(self.journal.revision - 1)))  # somebody read the journal before that

    @rule(rate=st.sampled_from([None, Rate(1, 60, 1), Rate(2, 1, 3)]))
    def set_rate(self, rate: Rate | None) -> None:
        """E4 may be sent to that fast only."""
        self.went.clear()
        self.journal.rates = {"E4": rate} if rate else {}
        self.journal.revision += 1
        self.obey()

    @rule(wait_s=st.sampled_from([0, 0, 20, 10**9]))
    def stop_retries(self, wait_s: int) -> None:
        """Or let them go on."""
        self.journal.stopped_ms = self.now_ms + wait_s * 1000
        self.journal.revision += 1
        self.obey()

    def obey(self) -> None:
        def until(ms: int) -> datetime | None:
            return None if ms > self.now_ms + 10**9 else moment(ms)

        paused = {name: ms for name, ms in self.journal.pauses.items() if ms > self.now_ms}
        orders = {**self.journal.rates, **{name: until(ms) for name, ms in paused.items()}}
        stop = self.journal.stopped_ms > self.now_ms and (until(self.journal.stopped_ms) or True)
        self.both(lambda q: q.obey(standing(self.journal.revision, stop=stop, **orders)))

    @rule(seconds=st.sampled_from([0.5, 15, 30, 61]))
    def advance(self, seconds: float) -> None:
        for world in self.worlds:
            world.advance(seconds)

    # -- feeders --

    def mend(self, lane: str) -> None:
        self.mend_begin(lane)
        self.mend_end(len(self.mends) - 1)

    @rule(lane=lanes)
    def mend_begin(self, lane: str) -> None:
        ticket = self.both(lambda q: q.mark(lane))
        assert isinstance(ticket, int)
        self.mends.append((lane, ticket, self.journal.snapshot(lane, self.now_ms)))

    @precondition(lambda self: self.mends)
    @rule(data=st.data())
    def mend_late(self, data: st.DataObject) -> None:
        self.mend_end(data.draw(st.integers(0, len(self.mends) - 1)))

    def mend_end(self, place: int) -> None:
        lane, ticket, snapshot = self.mends.pop(place)
        head = snapshot.deliveries[0].delivery_id if snapshot else ""
        if snapshot is None:
            done = self.both(lambda q: q.drop_lane(lane, ticket=ticket))
        else:
            done = self.both(lambda q: q.rebuild_lane(snapshot, ticket=ticket))
        token = self.live.get(lane, ("", 0))[0]
        if done and token and all(c.delivery_id != head for _, c in self.claims if c.token == token):
            del self.live[lane]  # its delivery is final, so the lease protects nothing

    @rule()
    def walk_begin(self) -> None:
        self.old = [s for lane in LANES if (s := self.journal.snapshot(lane, self.now_ms))]

    @rule()
    def walk_end(self) -> None:
        doubtful = self.both(lambda q: q.fill(self.old))
        assert isinstance(doubtful, frozenset)
        self.old = []
        for lane in sorted(doubtful):
            self.mend(lane)

    @rule(often=st.integers(0, 4), partition=st.sampled_from([None, 0, 1]))
    def wiped(self, often: int, partition: int | None) -> None:
        """All of it; or one partition, which is noticed as well."""
        if often != 4:
            return
        if self.partitions == 1:
            partition = None
        for world in self.worlds:
            world.wipe(partition)
        assert self.both(lambda q: q.generation()) == 0
        if partition is None:
            assert self.both(lambda q: q.claim("w1", settles=(), limit=1, lease_s=LEASE_S)) == "lost"
        self.start()

    # -- what must hold --

    @invariant()
    def agree(self) -> None:
        assert check_world(self.worlds[0]) == check_world(self.worlds[1])

    def teardown(self) -> None:
        """Everything accepted is delivered in the end, in order, and the queues are empty."""
        try:
            if self.journal.generation:
                self.drain()
        finally:
            for world in self.worlds:
                world.close()

    def drain(self) -> None:
        for lane in LANES:
            for row in self.journal.open[lane]:
                row.parked, row.due_ms = False, 0
        for endpoint in ENDPOINTS:
            self.pause(endpoint, 0)
        self.set_rate(None)
        self.stop_retries(0)
        for _ in range(3):
            self.advance(300)
            self.both(lambda q: q.claim("last", settles=(), limit=0, lease_s=LEASE_S))  # what was lost shows now
            self.tell_poison()
            for lane in LANES:
                for row in self.journal.open[lane]:
                    row.parked = False
                self.mend(lane)
        for _ in range(4 * sum(len(ids) for ids in self.journal.accepted.values()) + 8):
            self.claim("last", 16)
            for worker, claim in self.claims:
                row = self.journal.row(claim.delivery_id, claim.lane)
                if worker == "last" and row and row.intent == claim.token:
                    self.journal.delivered[claim.lane].append(self.journal.open[claim.lane].pop(0).id)
                    self.settle_both(claim, QueueStep.DONE, health=Health.WELL)
        assert self.journal.delivered == self.journal.accepted
        self.agree()
        assert self.worlds[0].look().lanes == {}
