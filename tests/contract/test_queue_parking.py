"""After parking, journal and queue stay of one mind: held, passed or superseded; told or wiped. Both queues."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bus.delivery import State
from bus.feeder import Feeder
from bus.outcome import Outcome
from bus.ports import Queue
from bus.records import Act, Action, Claimed, PlannedDelivery
from bus.replay import carry_out
from bus.settling import Settling
from bus.underway import Underway
from tests.contract.journal_world import PARKED, World, item, open_world, settlement
from tests.contract.queue_world import MemoryWorld, RedisWorld, check_world
from tests.contract.queue_world import World as QueueWorld
from tests.contract.test_journal_parking import hold, skip, status


@dataclass
class Bus:
    """One journal, one queue, and the real code between them."""

    world: World
    queues: QueueWorld
    queue: Queue
    feeder: Feeder
    settling: Settling
    underway: Underway
    tokens: int = 0

    def accept(self, planned: PlannedDelivery) -> str:
        """Accepted and told, as a door does it."""
        result = self.world.accept(item("TN01", planned))[0]
        self.feeder.feed(result.feed)
        return f"{result.message_id}:{planned.endpoint}"

    def claim(self) -> Claimed | None:
        """What a worker gets next, after it told the queue what it has to tell."""
        settles = self.underway.untold()
        claims = self.queue.claim("w1", settles=settles, limit=9, lease_s=60)
        self.underway.told(settles)
        assert len(claims) <= 1
        for claim in claims:
            self.underway.add([claim], asked_at=0.0)
        return claims[0] if claims else None

    def next(self) -> str:
        """The delivery that a worker gets next and gives back; "" = none."""
        claim = self.claim()
        if claim is None:
            return ""
        self.underway.forget(claim)
        self.queue.expire_worker("w1")
        return claim.delivery_id

    def end(self, *, park: bool) -> str:
        """The next one is sent: refused, or taken. Returns its id."""
        claim = self.claim()
        assert claim is not None
        number = self.world.work(claim.delivery_id).next_attempt
        assert self.world.grant(claim.delivery_id, claim.token)
        outcome = Outcome.REJECTED if park else Outcome.ACCEPTED
        how = {"decision": PARKED} if park else {}
        self.settling.record(claim, settlement(claim.delivery_id, number, claim.token, outcome=outcome, **how))
        return claim.delivery_id

    def rest(self) -> None:
        """What is still to be told is told; nothing is claimed."""
        settles = self.underway.untold()
        self.queue.claim("w1", settles=settles, limit=0, lease_s=60)
        self.underway.told(settles)

    def lanes(self) -> dict[str, list[str]]:
        """As the queue has them."""
        return {lane: ids for lane, ids in self.queues.look().lanes.items() if ids}

    def agree(self) -> dict[str, list[str]]:
        """The queue has what the journal says; and the same once more after it was wiped. Returns it."""
        self.rest()
        said = {one.lane: [held.delivery_id for held in one.deliveries] for one in self.world.journal.lanes()}
        assert self.lanes() == said
        self.queues.wipe()
        assert self.feeder.heal()
        assert self.lanes() == said
        check_world(self.queues)
        return said


@pytest.fixture(params=["redis", "memory"])
def bus(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bus]:
    """Over both queues; the journal is SQLite."""
    queues: QueueWorld = RedisWorld() if request.param == "redis" else MemoryWorld()
    world = open_world("sqlite", tmp_path)
    queue = queues.queue()
    feeder, underway = Feeder(world.journal, queue), Underway()
    settling = Settling(world.journal, feeder, world.clock, underway, threading.Event())
    assert feeder.heal()
    yield Bus(world, queues, queue, feeder, settling, underway)
    world.journal.close()
    queues.close()


def test_hold(bus: Bus) -> None:
    """A parked head keeps its lane, told or rebuilt; released it is first."""
    first, second = bus.accept(hold()), bus.accept(hold())
    assert bus.end(park=True) == first
    assert bus.claim() is None
    assert list(bus.agree().values()) == [[first, second]]
    assert bus.next() == ""
    assert carry_out(Action(Act.RELEASE, first, "an", "đã sửa"), bus.world.journal, bus.feeder).done
    assert bus.next() == first


def test_skip(bus: Bus) -> None:
    """The lane goes on without it, in order, told or rebuilt; released it is first again."""
    first, second, third = (bus.accept(skip()) for _ in range(3))
    assert bus.end(park=True) == first
    assert list(bus.agree().values()) == [[second, third]]
    assert bus.end(park=False) == second
    assert carry_out(Action(Act.RELEASE, first, "an", "đã sửa"), bus.world.journal, bus.feeder).done
    assert list(bus.agree().values()) == [[first, third]]
    assert [bus.end(park=False) for _ in range(2)] == [first, third]
    assert bus.agree() == {}


def test_skip_where_all_are_refused(bus: Bus) -> None:
    """Each stands aside in its turn; the lane is gone from the queue, and nothing from the journal."""
    ids = [bus.accept(skip()) for _ in range(3)]
    assert [bus.end(park=True) for _ in ids] == ids
    assert bus.agree() == {}
    assert bus.world.journal.counts()[State.PARKED] == 3


def test_a_newer_one_takes_the_place(bus: Bus) -> None:
    """A parked head is gone from the queue as soon as a newer one is told, whatever stands between them."""
    first, between = bus.accept(status()), bus.accept(hold())
    assert bus.end(park=True) == first
    assert bus.claim() is None
    newer = bus.accept(status())
    assert bus.world.state(first) is State.CANCELLED
    assert list(bus.agree().values()) == [[between, newer]]
    assert [bus.end(park=False) for _ in range(2)] == [between, newer]


def test_a_newer_one_was_there_already(bus: Bus) -> None:
    """Refused while a newer one waits: it is gone at once, and the newer one goes out."""
    first, newer = bus.accept(status()), bus.accept(status())
    assert bus.end(park=True) == first
    assert list(bus.agree().values()) == [[newer]]
    assert bus.end(park=False) == newer
    assert (bus.world.state(first), bus.world.state(newer)) == (State.CANCELLED, State.DELIVERED)


def test_the_queue_was_never_told(bus: Bus) -> None:
    """A worker that dies between the journal and the queue: the lane goes on when its lease has run out."""
    first, second = bus.accept(skip()), bus.accept(skip())
    assert bus.end(park=True) == first
    bus.underway.told(bus.underway.untold())  # lost with its process
    bus.queue.expire_worker("w1")
    claim = bus.claim()
    assert claim is not None
    assert claim.delivery_id == first  # the queue does not know better; the journal gives no leave
    assert not bus.world.grant(first, claim.token)
    bus.feeder.rebuild_lane(claim.lane)
    bus.underway.forget(claim)
    assert list(bus.agree().values()) == [[second]]
    assert bus.end(park=False) == second
