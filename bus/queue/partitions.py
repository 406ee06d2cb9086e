"""A queue in several partitions, each in a slot of a cluster: everything of one endpoint is in one of them.

Partition = hash of the endpoint's name mod P, so that its breaker, its probe, its cap, its rate and its round robin
stay in one place, and no function crosses partitions. Partition 0 also has the locks and the bell for all. While a
partition is away work goes on in the others; what is to be told it is kept, or found out by the next walk.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence

from bus.ports import GenerationLost, QueueUnavailable
from bus.queue.homes import Homes, Part
from bus.queue.turn import Turn
from bus.records import (
    ALL,
    Claimed,
    EndpointOrder,
    EndpointView,
    LaneSnapshot,
    Place,
    QueueRecord,
    QueueSettle,
    QueueStats,
    Standing,
)


class PartitionedQueue:
    """The `Queue` port over partitions that are queues themselves. Thread-safe."""

    def __init__(self, parts: Sequence[Part], *, separator: str = "@", close: Callable[[], None] | None = None) -> None:
        self._parts = tuple(parts)
        self._homes = Homes(self._parts, separator)
        self._close = close
        self._first = 0  # partition whose turn it is
        self._guard = threading.Lock()
        self._untold: dict[int, list[QueueSettle]] = {}  # to partitions that were away
        self._missed: set[int] = set()  # partitions that were away during a walk
        self._lost: GenerationLost | None = None  # found beside claims that had to be handed out first

    # -- work --

    def enqueue(self, records: Sequence[QueueRecord]) -> frozenset[str]:
        """See the port. If one partition is away nothing is known of its lanes, so that is raised in the end."""
        refused: set[str] = set()
        faults: list[QueueUnavailable] = []
        for n, some in self._homes.grouped(records, lambda r: r.lane).items():
            try:
                refused |= self._homes.give(n, some, lambda part, rows: part.enqueue(rows))
            except QueueUnavailable as fault:
                faults.append(fault)
        self._ring()
        if faults:
            raise faults[0]
        return frozenset(refused)

    def claim(self, worker: str, *, settles: Sequence[QueueSettle], limit: int, lease_s: float) -> tuple[Claimed, ...]:
        """See the port. One round trip for each partition; the turn goes round the partitions, and in each of them
        round the endpoints."""
        if self._lost is not None:
            lost, self._lost = self._lost, None
            raise lost
        with self._guard:
            first = self._first
            kept, self._untold = self._untold, {}
        # The caller says again what it could not say to anyone; it is told once all the same.
        every = dict.fromkeys((*(one for some in kept.values() for one in some), *settles))
        turn = Turn(worker, limit, lease_s, self._homes.grouped(every, lambda s: s.lane))
        order = [(first + n) % len(self._parts) for n in range(len(self._parts))]
        for n in order:
            self._ask(turn, n, share=-(-limit // len(self._parts)))
        for n in [*turn.full] if turn.room else ():
            self._ask(turn, n, share=limit)
        with self._guard:
            self._untold = turn.untold
            if turn.gave_last is not None:
                self._first = (turn.gave_last + 1) % len(self._parts)
        turn.raise_if_nothing()
        self._lost = turn.lost
        if not turn.room or (settles and not limit):
            self._ring()  # there may be more than this caller took
        return tuple(turn.claims)

    def _ask(self, turn: Turn, n: int, *, share: int) -> None:
        settles, room = turn.to_tell(n), min(share, turn.room)
        if not room and not settles and turn.limit:
            return
        try:
            claims = self._homes.ask(
                n, lambda part: part.claim(turn.worker, settles=settles, limit=room, lease_s=turn.lease_s)
            )
        except GenerationLost as lost:  # what was to be told it is void: the journal knows
            turn.lost = lost
        except QueueUnavailable as fault:
            turn.away(n, fault)
        else:
            turn.took(n, claims, asked=room)

    def extend(self, claims: Sequence[Claimed], *, lease_s: float) -> frozenset[str]:
        """See the port. What a partition that is away holds counts as held: its leases are not known to be over."""
        held: set[str] = set()
        faults: list[QueueUnavailable] = []
        homes = self._homes.grouped(claims, lambda c: c.lane)
        for n, some in homes.items():
            try:
                held |= self._homes.give(n, some, lambda part, rows: part.extend(rows, lease_s=lease_s))
            except QueueUnavailable as fault:
                faults.append(fault)
                held |= {claim.delivery_id for claim in some}
        if faults and len(faults) == len(homes):
            raise faults[0]
        return frozenset(held)

    def poisoned(self) -> tuple[Claimed, ...]:
        """See the port."""
        return tuple(claim for found in self._homes.each(lambda part: part.poisoned()) for claim in found)

    def wait(self, timeout_s: float) -> None:
        """See the port."""
        others = (part.due_s() for part in self._parts[1:])
        self._parts[0].wait(max(0.0, min([timeout_s, *others])))

    # -- lanes --

    def release(self, lane: str) -> None:
        """See the port."""
        self._homes.at_home(lane, lambda part: part.release(lane))
        self._ring()

    def mark(self, lane: str) -> int:
        """See the port."""
        return self._homes.at_home(lane, lambda part: part.mark(lane))

    def behind(self, limit: int) -> tuple[str, ...]:
        """See the port."""
        found = [lane for lanes in self._homes.each(lambda part: part.behind(limit)) for lane in lanes]
        return tuple(found[:limit])

    def rebuild_lane(self, snapshot: LaneSnapshot, *, ticket: int = 0) -> bool:
        """See the port."""
        done = self._homes.at_home(snapshot.lane, lambda part: part.rebuild_lane(snapshot, ticket=ticket))
        self._ring()
        return done

    def drop_lane(self, lane: str, *, ticket: int = 0) -> bool:
        """See the port."""
        return self._homes.at_home(lane, lambda part: part.drop_lane(lane, ticket=ticket))

    def fill(self, snapshots: Sequence[LaneSnapshot]) -> frozenset[str]:
        """See the port. A partition that is away is left out: `whole` says so when it is back."""
        doubtful: set[str] = set()
        faults: list[QueueUnavailable] = []
        homes = self._homes.grouped(snapshots, lambda s: s.lane)
        for n, some in homes.items():
            try:
                doubtful |= self._homes.give(n, some, lambda part, rows: part.fill(rows))
            except GenerationLost:
                raise
            except QueueUnavailable as fault:
                faults.append(fault)
                self._missed.add(n)
        if faults and len(faults) == len(homes):
            raise faults[0]
        self._ring()
        return frozenset(doubtful)

    def obey(self, standing: Standing) -> None:
        """See the port. Each partition hears of its own endpoints."""
        own: dict[int, list[EndpointOrder]] = self._homes.grouped(standing.orders, lambda order: order.endpoint)
        for_all = [order for order in standing.orders if order.endpoint == ALL]

        def tell(n: int, part: Part) -> None:
            orders = [order for order in own.get(n, ()) if order.endpoint != ALL]
            part.obey(Standing(standing.revision, (*orders, *for_all)))

        self._homes.reached(tell)

    def endpoints(self) -> tuple[EndpointView, ...]:
        """See the port."""
        views = [view for found in self._homes.each(lambda part: part.endpoints()) for view in found]
        return tuple(sorted(views, key=lambda view: view.endpoint))

    # -- generations --

    def generation(self) -> int:
        """See the port. Of the partitions that answer: all of them must agree."""
        found = set(self._homes.each(lambda part: part.generation()))
        return found.pop() if len(found) == 1 else 0

    def adopt(self, generation: int) -> None:
        """See the port."""
        for part in self._parts:
            part.adopt(generation)

    def start_generation(self, generation: int) -> None:
        """See the port. A partition that is away keeps its old one: when it is back they do not agree."""
        self._homes.each(lambda part: part.start_generation(generation))
        self.adopt(generation)
        self._missed.clear()

    def finish_generation(self) -> None:
        """See the port."""
        for n, part in enumerate(self._parts):
            if n not in self._missed:
                with contextlib.suppress(QueueUnavailable):
                    part.finish_generation()

    def whole(self) -> bool:
        """See the port. Asked once more of a partition that is back from being away."""
        answers = self._homes.reached(lambda _, part: part.whole())
        back = self._missed & answers.keys()
        self._missed -= back
        return bool(answers) and all(answers.values()) and not back

    def lock(self, name: str, owner: str, *, lease_s: float) -> bool:
        """See the port."""
        return self._parts[0].lock(name, owner, lease_s=lease_s)

    # -- the house --

    def server(self) -> str:
        """See the port."""
        known = self._homes.reached(lambda _, part: part.server())
        return "-".join(dict.fromkeys(known.get(n, "") for n in range(len(self._parts))))

    def expire_worker(self, worker: str) -> int:
        """See the port."""
        ended = sum(self._homes.each(lambda part: part.expire_worker(worker)))
        self._ring()
        return ended

    def places(self, lanes: Sequence[str]) -> Mapping[str, Place]:
        """See the port."""
        found: dict[str, Place] = {}
        for n, some in self._homes.grouped(lanes, lambda lane: lane).items():
            found.update(self._homes.give(n, some, lambda part, names: part.places(names)))
        return found

    def stats(self) -> QueueStats:
        """See the port."""
        every = self._homes.each(lambda part: part.stats())
        return QueueStats(
            generation=every[0].generation, ready=sum(one.ready for one in every),
            leased=sum(one.leased for one in every), delayed=sum(one.delayed for one in every),
            parked=sum(one.parked for one in every), queued=sum(one.queued for one in every),
            evicts=next((one.evicts for one in every if one.evicts), ""),
        )  # fmt: skip

    def ping(self) -> None:
        """See the port. All of them must answer."""
        for part in self._parts:
            part.ping()

    def close(self) -> None:
        """See the port."""
        for part in self._parts:
            part.close()
        if self._close is not None:
            self._close()

    def _ring(self) -> None:
        with contextlib.suppress(QueueUnavailable):
            self._parts[0].ring()
