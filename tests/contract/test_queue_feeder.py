"""The feeder: the queue says what the journal says, whatever happened to either. Over both queues."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bus.feeder import Feeder
from bus.ports import Queue
from bus.records import Claimed, LaneSnapshot, QueueStep
from tests.contract.queue_world import WORLDS, World, check_world, moment, settle, standing, world_of
from tests.integration.queue_load import LoadJournal


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """A fresh world; its invariants are looked at once more when the test is over."""
    made = world_of(request.param)
    yield made
    check_world(made)
    made.close()


def process(world: World, journal: LoadJournal, *, sweep_every_s: float = 300.0) -> tuple[Queue, Feeder]:
    """One process: its own queue and feeder."""
    queue = world.queue()
    return queue, Feeder(journal, queue, sweep_every_s=sweep_every_s)  # type: ignore[arg-type]  # only what it needs


def take(queue: Queue, limit: int = 99) -> list[str]:
    return [c.delivery_id for c in queue.claim("w1", settles=[], limit=limit, lease_s=60)]


def deliver(journal: LoadJournal, queue: Queue, worker: str = "w1") -> Claimed:
    """Claims one, tells the journal; the queue is not told."""
    (claim,) = queue.claim(worker, settles=[], limit=1, lease_s=60)
    assert journal.grant(claim)
    journal.done(claim)
    return claim


def test_begins(world: World) -> None:
    """At first start the queue is filled with everything that is open in the journal."""
    journal = LoadJournal()
    for lane in ("D1|E1", "D1|E1", "D2|E1"):
        journal.accept(lane)
    queue, feeder = process(world, journal)
    assert feeder.heal()
    assert (journal.generation(), queue.generation(), queue.whole()) == (1, 1, True)
    assert take(queue) == ["D1.0:E1", "D2.0:E1"]
    assert queue.stats().queued == 3


def test_second_process_adopts(world: World) -> None:
    """A process that comes later works in the generation that is there."""
    journal = LoadJournal()
    _, first = process(world, journal)
    queue, second = process(world, journal)
    assert first.heal()
    assert second.heal()
    second.feed([journal.accept("D1|E1")])
    assert take(queue) == ["D1.0:E1"]
    assert journal.generation() == 1


def test_wiped(world: World) -> None:
    """An emptied queue is rebuilt, once, and every process goes on in the new generation."""
    journal = LoadJournal()
    queues, feeders = zip(*(process(world, journal) for _ in range(3)), strict=True)
    assert all(feeder.heal() for feeder in feeders)
    feeders[0].feed([journal.accept("D1|E1")])
    world.wipe()
    feeders[1].feed([journal.accept("D1|E1")])
    assert all(feeder.heal() for feeder in feeders)
    assert journal.generation() == 2
    assert [queue.stats().queued for queue in queues] == [2, 2, 2]


def test_two_notice_at_once(world: World) -> None:
    """While one process rebuilds another that notices too leaves it to the first."""
    journal = LoadJournal()
    first_queue, _ = process(world, journal)
    queue, second = process(world, journal)
    assert first_queue.lock("rebuild", "the first", lease_s=15)
    assert not second.heal()
    assert journal.generation() == 0
    world.advance(16)
    assert second.heal()
    assert queue.whole()


@pytest.mark.parametrize("is_begun", [False, True])
def test_noticed_just_before_the_other_was_done(
    world: World, monkeypatch: pytest.MonkeyPatch, *, is_begun: bool
) -> None:
    """Who comes to the lock when the other has already rebuilt and gone does not rebuild what is good."""
    journal = LoadJournal()
    _, first = process(world, journal)
    queue, second = process(world, journal)
    if is_begun:  # the journal says so already, the queue not yet
        journal.new_generation()
    lock = queue.lock

    def late(name: str, owner: str, *, lease_s: float) -> bool:
        monkeypatch.undo()
        assert first.heal()
        return lock(name, owner, lease_s=lease_s)

    monkeypatch.setattr(queue, "lock", late)
    assert not second.heal()
    made = 1 + is_begun
    assert (journal.generation(), second.heal(), journal.generation()) == (made, True, made)
    assert queue.whole()


def test_walker_died(world: World) -> None:
    """A rebuild whose walker died is walked to its end by another, in the same generation."""
    journal = LoadJournal()
    journal.accept("D1|E1")
    dead, _ = process(world, journal)
    assert dead.lock("rebuild", "dead", lease_s=15)
    dead.start_generation(journal.new_generation().result())
    queue, feeder = process(world, journal)
    assert feeder.heal()
    assert not queue.whole()
    assert take(queue) == []
    world.advance(16)
    assert feeder.heal()
    assert queue.whole()
    assert take(queue) == ["D1.0:E1"]
    assert journal.generation() == 1


def test_work_goes_on_while_rebuilt(world: World) -> None:
    """Between the first and the last lane of a rebuild others feed and claim; no lane ends up out of order."""
    journal = LoadJournal()
    lanes = [f"D{n}|E1" for n in range(450)]
    for lane in lanes:
        journal.accept(lane)
    queue, other = process(world, journal)
    taken: list[str] = []

    class Watched(LoadJournal):
        """Lets the other process work in the middle of the walk."""

        def lanes(self) -> Iterator[LaneSnapshot]:
            for n, snapshot in enumerate(super().lanes()):
                yield snapshot
                if n == 300:
                    assert other.heal()
                    other.feed([journal.accept("D449|E1"), journal.accept("D0|E1")])
                    taken.extend(take(queue, 5))

    journal.__class__ = Watched
    _, walker = process(world, journal)
    assert walker.heal()
    assert len(taken) == 5
    lanes_now = world.look().lanes
    assert lanes_now["D449|E1"] == ["D449.0:E1", "D449.1:E1"]
    assert lanes_now["D0|E1"] == ["D0.0:E1", "D0.1:E1"]
    assert len(lanes_now) == 450


def test_stalled_door(world: World) -> None:
    """A door that commits, stalls and feeds late: what came after it is not fed before it."""
    journal = LoadJournal()
    queue, feeder = process(world, journal)
    assert feeder.heal()
    stalled, second = journal.accept("D1|E1"), journal.accept("D1|E1")
    feeder.feed([second])
    feeder.feed([stalled])
    assert world.look().lanes == {"D1|E1": ["D1.0:E1", "D1.1:E1"]}
    assert take(queue) == ["D1.0:E1"]


def test_settled_meanwhile(world: World) -> None:
    """A predecessor that was delivered between commit and feeding holds nothing up."""
    journal = LoadJournal()
    queue, feeder = process(world, journal)
    assert feeder.heal()
    feeder.feed([journal.accept("D1|E1")])
    late = journal.accept("D1|E1")
    claim = deliver(journal, queue)
    queue.claim("w1", settles=[settle(claim)], limit=0, lease_s=60)
    feeder.feed([late])
    assert take(queue) == ["D1.1:E1"]


def test_settled_not_told(world: World) -> None:
    """A head that is final in the journal, its worker dead before it told the queue, does not block its lane."""
    journal = LoadJournal()
    queue, feeder = process(world, journal)
    assert feeder.heal()
    feeder.feed([journal.accept("D1|E1")])
    deliver(journal, queue)
    feeder.feed([journal.accept("D1|E1")])
    assert take(queue) == ["D1.1:E1"]


def test_rebuilt_lane_ends(world: World) -> None:
    """A lane with nothing open in the journal any more is forgotten."""
    journal = LoadJournal()
    queue, feeder = process(world, journal)
    assert feeder.heal()
    feeder.feed([journal.accept("D1|E1")])
    deliver(journal, queue)
    feeder.rebuild_lane("D1|E1")
    assert world.look().lanes == {}


def test_owed(world: World) -> None:
    """What could not be fed is fed by the next `heal`; feeding never raises."""
    journal = LoadJournal()
    queue, feeder = process(world, journal)
    feeder.feed([journal.accept("D1|E1")])
    feeder.rebuild_lane("D2|E1")
    assert feeder.heal()
    assert take(queue) == ["D1.0:E1"]


def test_owed_by_the_dead(world: World) -> None:
    """A lane that was refused something by a process that died before it rebuilt it is rebuilt by another."""
    journal = LoadJournal()
    queue, feeder = process(world, journal)
    assert feeder.heal()
    journal.accept("D1|E1")
    assert queue.enqueue([journal.accept("D1|E1")]) == {"D1|E1"}
    assert feeder.heal()
    assert take(queue) == ["D1.0:E1"]
    assert queue.behind(9) == ()


def test_swept(world: World) -> None:
    """A lane the queue never heard of, its door dead after the commit, is found by the sweep; one process sweeps."""
    journal = LoadJournal()
    (queue, first), (_, second) = (process(world, journal, sweep_every_s=60) for _ in range(2))
    assert first.heal()
    assert first.heal()
    journal.accept("D1|E1")
    assert second.heal()
    assert take(queue) == []
    world.advance(61)
    assert second.heal()
    assert take(queue) == ["D1.0:E1"]


def test_restored_server(world: World) -> None:
    """A server whose counters went back (restored, failed over with loss) is taken for lost by those who know more."""
    journal = LoadJournal()
    queue, feeder = process(world, journal)
    assert feeder.heal()
    feeder.feed([journal.accept("D1|E1")])
    assert take(queue) == ["D1.0:E1"]
    world.wipe()
    restored = world.queue()
    restored.start_generation(1)  # the same generation, without the claim
    restored.finish_generation()
    assert queue.generation() == 0
    assert feeder.heal()
    assert (journal.generation(), queue.stats().queued) == (2, 1)


# ---------------------------------------------------------------- what a person ordered


def test_orders_are_obeyed(world: World) -> None:
    """What the journal orders holds in the queue after the next look, also if nobody told the queue."""
    journal = LoadJournal()
    queue, feeder = process(world, journal)
    assert feeder.heal()
    journal.orders = standing(1, E1=None)
    assert feeder.heal()
    feeder.feed([journal.accept("D1|E1")])
    assert take(queue) == []
    journal.orders = standing(2)
    assert feeder.heal()
    assert take(queue) == ["D1.0:E1"]


def test_orders_outlive_a_wipe(world: World) -> None:
    """An emptied queue is paused where it was before anything can be claimed."""
    journal = LoadJournal()
    queue, feeder = process(world, journal)
    for lane in ("D1|E1", "D2|E2"):
        journal.accept(lane)
    journal.orders = standing(1, E1=None)
    assert feeder.heal()
    assert take(queue) == ["D2.0:E2"]
    world.wipe()
    assert feeder.heal()
    assert "D1.0:E1" not in take(queue)
    journal.orders = standing(2)
    assert feeder.heal()
    assert "D1.0:E1" in take(queue)


def test_clock_set_right(world: World) -> None:
    """Put off while the clock was a day ahead, then delivered after all: with the clock set right it does not stand in
    its lane's way for a day, be it told at once or a little later."""
    journal = LoadJournal()
    wall, ticks = 0.0, 0.0
    queue = world.queue()
    feeder = Feeder(journal, queue, wall=lambda: wall, ticks=lambda: ticks)  # type: ignore[arg-type]  # only what it needs
    for lane in ("D1|E1", "D1|E1", "D2|E1", "D2|E1"):
        journal.accept(lane)
    assert feeder.heal()
    claims = queue.claim("w1", settles=[], limit=2, lease_s=60)
    world.advance(86_400)
    # The first worker is still at it: put off.
    late = [claim for _ in claims for claim in queue.claim("w2", settles=[], limit=1, lease_s=60)]
    tomorrow = moment(world.now_ms + 8_000)
    queue.claim("w2", settles=[settle(claim, QueueStep.DELAY, tomorrow) for claim in late], limit=0, lease_s=60)
    assert {claim.delivery_id for claim in late} == {claim.delivery_id for claim in claims}
    world.advance(-86_400)
    wall -= 86_400
    for claim, then in zip(claims, (0.0, 20.0), strict=True):
        ticks, wall = ticks + then, wall + then
        assert feeder.heal()
        assert journal.grant(claim)
        journal.done(claim)
    ticks, wall = ticks + 60, wall + 60
    assert feeder.heal()
    assert sorted(take(queue)) == ["D1.1:E1", "D2.1:E1"]
