"""What every queue must do: one suite for the real server and for the twin."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from bus.ports import GenerationLost, Queue
from bus.records import Claimed, QueueSettle, QueueStep
from tests.contract.queue_world import (
    WORLDS,
    World,
    check_world,
    moment,
    name,
    record,
    settle,
    snapshot,
    standing,
    world_of,
)

LEASE_S = 60.0


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """A fresh world; its invariants are looked at once more when the test is over."""
    made = world_of(request.param)
    yield made
    check_world(made)
    made.close()


@pytest.fixture
def queue(world: World) -> Queue:
    """The first process's view, generation 1."""
    made = world.queue()
    made.start_generation(1)
    return made


def claim(queue: Queue, *settles: QueueSettle, worker: str = "w1", limit: int = 16) -> tuple[Claimed, ...]:
    return queue.claim(worker, settles=settles, limit=limit, lease_s=LEASE_S)


def ids(claims: tuple[Claimed, ...]) -> list[str]:
    return [c.delivery_id for c in claims]


# ---------------------------------------------------------------- order


def test_head_only(queue: Queue) -> None:
    """Of one lane only the head can be claimed, until it is settled."""
    queue.enqueue([record(1), record(2, after=1), record(3, after=2)])
    (first,) = claim(queue)
    assert first.delivery_id == name(1)
    assert claim(queue) == ()
    assert ids(claim(queue, settle(first))) == [name(2)]


def test_retry_stays_head(world: World, queue: Queue) -> None:
    """A delivery that is tried again keeps its place: nothing of its lane passes it."""
    queue.enqueue([record(1), record(2, after=1)])
    (first,) = claim(queue)
    assert claim(queue, settle(first, QueueStep.DELAY, moment(world.now_ms + 5000))) == ()
    world.advance(4.9)
    assert claim(queue) == ()
    world.advance(0.2)
    assert ids(claim(queue)) == [name(1)]


def test_other_lanes_pass(world: World, queue: Queue) -> None:
    """While one lane waits, another goes on."""
    queue.enqueue([record(1), record(1, lane="D2|E1")])
    (first,) = claim(queue, limit=1)
    rest = claim(queue, settle(first, QueueStep.DELAY, moment(world.now_ms + 5000)))
    assert ids(rest) == [name(1, "D2|E1")]


def test_oldest_first(queue: Queue) -> None:
    """Ready lanes of an endpoint are served in the order their heads arrived."""
    queue.enqueue([record(1, lane=f"D{n}|E1") for n in range(5)])
    assert ids(claim(queue, limit=5)) == [name(1, f"D{n}|E1") for n in range(5)]


def test_urgent_first(queue: Queue) -> None:
    """A lane whose head is urgent goes before those that are normal or bulk."""
    queue.enqueue([record(1, lane="D1|E1", priority=2), record(1, lane="D2|E1"), record(1, lane="D3|E1", priority=0)])
    assert [c.lane for c in claim(queue)] == ["D3|E1", "D2|E1", "D1|E1"]


def test_round_robin(queue: Queue) -> None:
    """An endpoint with much work does not hold up one with little: one lane per endpoint per turn."""
    queue.enqueue([record(1, lane=f"D{n}|E1") for n in range(6)])
    queue.enqueue([record(1, lane=f"D{n}|E2") for n in range(2)])
    assert [c.endpoint for c in claim(queue, limit=4)] == ["E1", "E2", "E1", "E2"]


def test_round_robin_over_calls(world: World, queue: Queue) -> None:
    """The turn is kept between calls; with several partitions they take turns, and the endpoints in each."""
    queue.enqueue([record(1, lane=f"D{n}|E{e}") for n in range(2) for e in (1, 2, 3)])
    turns = [claim(queue, limit=1)[0].endpoint for _ in range(6)]
    assert turns == (["E1", "E2", "E3"] * 2 if world.partitions == 1 else ["E1", "E3", "E2", "E3", "E1", "E2"])


def test_not_before(world: World, queue: Queue) -> None:
    """A delivery for later is not claimed before its time, also when it becomes head only then."""
    queue.enqueue([record(1), record(2, after=1, not_before=moment(world.now_ms + 9000))])
    (first,) = claim(queue)
    assert claim(queue, settle(first)) == ()
    world.advance(9)
    assert ids(claim(queue)) == [name(2)]


def test_cap(world: World) -> None:
    """No more lanes of one endpoint are in flight than its cap; others are served meanwhile."""
    queue = world.queue(in_flight=2)
    queue.start_generation(1)
    queue.enqueue([record(1, lane=f"D{n}|E1") for n in range(4)] + [record(1, lane="D9|E2")])
    claims = claim(queue)
    assert sorted(c.endpoint for c in claims) == ["E1", "E1", "E2"]
    assert ids(claim(queue, settle(claims[0]))) == [name(1, "D2|E1")]


def test_own_cap(queue: Queue, world: World) -> None:
    """An endpoint's own cap stands in place of the default, at once."""
    other = world.queue()
    other.adopt(1)
    queue.enqueue([record(1, lane=f"D{n}|E1") for n in range(4)])
    other.obey(standing(1, E1=1))
    assert len(claim(queue)) == 1
    other.obey(standing(2, E1=3))
    assert len(claim(queue)) == 2


# ---------------------------------------------------------------- feeding


def test_enqueue_twice(queue: Queue) -> None:
    """A repeated enqueue changes nothing and refuses nothing."""
    rows = [record(1), record(2, after=1)]
    assert queue.enqueue(rows) == frozenset()
    assert queue.enqueue(rows) == frozenset()
    assert queue.stats().queued == 2


def test_wrong_predecessor(queue: Queue) -> None:
    """A delivery whose predecessor is not the tail is not added: its lane must be rebuilt."""
    queue.enqueue([record(1)])
    assert queue.enqueue([record(3, after=2)]) == {"D1|E1"}
    assert queue.stats().queued == 1
    assert queue.behind(10) == ("D1|E1",)


def test_behind_refuses_all(queue: Queue) -> None:
    """A lane that is behind takes nothing, also what would fit, until it is rebuilt."""
    queue.enqueue([record(1)])
    queue.enqueue([record(3, after=2)])
    assert queue.enqueue([record(2, after=1)]) == {"D1|E1"}
    queue.rebuild_lane(snapshot(1, 2, 3))
    assert queue.behind(10) == ()
    assert queue.enqueue([record(4, after=3)]) == frozenset()


def test_behind_survives_empty(queue: Queue) -> None:
    """A lane that ran empty while behind still takes nothing."""
    queue.enqueue([record(1)])
    (first,) = claim(queue)
    queue.enqueue([record(3, after=2)])
    claim(queue, settle(first))
    assert queue.enqueue([record(4)]) == {"D1|E1"}


def test_others_not_refused(queue: Queue) -> None:
    """One refused lane does not keep the others of the same call out."""
    assert queue.enqueue([record(2, after=1), record(1, lane="D2|E1")]) == {"D1|E1"}
    assert ids(claim(queue)) == [name(1, "D2|E1")]


# ---------------------------------------------------------------- leases and fencing


def test_wrong_token(queue: Queue) -> None:
    """A settle whose token does not hold changes nothing."""
    queue.enqueue([record(1), record(2, after=1)])
    (first,) = claim(queue)
    for step in QueueStep:
        wrong = QueueSettle(first.delivery_id, first.lane, first.endpoint, "1.999", step)
        assert claim(queue, wrong) == ()
    assert queue.stats().leased == 1
    assert queue.stats().queued == 2


def test_settle_twice_in_one_batch(queue: Queue) -> None:
    """What a batch says twice holds once: the next delivery of the lane is not settled with it."""
    queue.enqueue([record(1), record(2, after=1)])
    (claim,) = queue.claim("w1", settles=[], limit=9, lease_s=60)
    (following,) = queue.claim("w1", settles=[settle(claim), settle(claim)], limit=9, lease_s=60)
    assert following.delivery_id == "D1.2:E1"


def test_settle_twice(queue: Queue) -> None:
    """A repeated settle changes nothing: the next delivery is not taken for the settled one."""
    queue.enqueue([record(1), record(2, after=1)])
    (first,) = claim(queue)
    claim(queue, settle(first))
    claim(queue, settle(first))
    assert queue.stats().queued == 1


def test_late_settle(world: World, queue: Queue) -> None:
    """A worker that lost its lease to another can change nothing: neither done, nor delay, nor park."""
    queue.enqueue([record(1)])
    (lost,) = claim(queue)
    world.advance(LEASE_S + 1)
    (now,) = claim(queue, worker="w2")
    for step in QueueStep:
        claim(queue, settle(lost, step))
    assert queue.stats().leased == 1
    assert queue.extend([lost], lease_s=LEASE_S) == frozenset()
    assert queue.extend([now], lease_s=LEASE_S) == {name(1)}


def test_late_settle_unclaimed(world: World, queue: Queue) -> None:
    """A lease that ran out without anybody noticing still settles: no try is wasted."""
    queue.enqueue([record(1)])
    (late,) = claim(queue)
    world.advance(LEASE_S + 1)
    assert claim(queue, settle(late)) == ()
    assert queue.stats().queued == 0


def test_tokens_grow(queue: Queue) -> None:
    """No token is given twice, and each begins with the generation."""
    queue.enqueue([record(1, lane=f"D{n}|E1") for n in range(5)])
    tokens = [c.token.split(".") for c in claim(queue)]
    assert [t[0] for t in tokens] == ["1"] * 5
    counters = [int(t[1]) for t in tokens]
    assert counters == sorted(set(counters))


def test_lost_lease_is_retried(world: World, queue: Queue) -> None:
    """A lease that ran out is given to the next worker, with the crash counted."""
    queue.enqueue([record(1), record(2, after=1)])
    claim(queue)
    world.advance(LEASE_S + 0.1)
    (again,) = claim(queue, worker="w2")
    assert (again.delivery_id, again.crashes) == (name(1), 1)


def test_extended(world: World, queue: Queue) -> None:
    """A lease that is prolonged does not run out."""
    queue.enqueue([record(1)])
    claims = claim(queue)
    for _ in range(3):
        world.advance(LEASE_S * 0.9)
        assert queue.extend(claims, lease_s=LEASE_S) == {name(1)}
        assert claim(queue, worker="w2") == ()


def test_expire_worker(queue: Queue) -> None:
    """The leases of a worker known to be dead end at once; those of others do not."""
    queue.enqueue([record(1, lane=f"D{n}|E1") for n in range(3)])
    claim(queue, worker="dead", limit=2)
    claim(queue, worker="alive", limit=1)
    assert queue.expire_worker("dead") == 2
    assert queue.expire_worker("dead") == 0
    assert queue.stats().leased == 1


def test_settled_crashes_are_forgotten(world: World, queue: Queue) -> None:
    """Crashes count in a row: an attempt that came to an end begins the count anew."""
    queue.enqueue([record(1)])
    for _ in range(2):
        claim(queue)
        queue.expire_worker("w1")
    (third,) = claim(queue)
    assert third.crashes == 2
    (fourth,) = claim(queue, settle(third, QueueStep.DELAY, moment(world.now_ms), tried=True))
    assert fourth.crashes == 0


def test_crashes_are_remembered_of_what_was_put_back_untried(world: World, queue: Queue) -> None:
    """The dead worker's intent was live still, the journal was away: whoever had it lived because it did nothing."""
    queue.enqueue([record(1)])
    for _ in range(2):
        claim(queue)
        queue.expire_worker("w1")
    (third,) = claim(queue)
    (fourth,) = claim(queue, settle(third, QueueStep.DELAY, moment(world.now_ms)))
    assert fourth.crashes == 2
    queue.expire_worker("w1")
    assert [poisoned.delivery_id for poisoned in queue.poisoned()] == [name(1)]


def test_suspects_travel_alone(queue: Queue) -> None:
    """Of the lanes that lost a worker one is claimed at a time, so that one poison does not condemn a batch."""
    queue.enqueue([record(1, lane=f"D{n}|E1") for n in range(3)])
    claim(queue, limit=3)
    queue.expire_worker("w1")
    queue.enqueue([record(1, lane="D9|E2")])
    claims = claim(queue)
    assert [(c.endpoint, c.crashes) for c in claims] == [("E1", 1), ("E2", 0)]
    assert [c.crashes for c in claim(queue, settle(claims[0]))] == [1]


# ---------------------------------------------------------------- parking and poison


def test_park_and_release(queue: Queue) -> None:
    """A parked lane rests, with everything behind its head, until it is released."""
    queue.enqueue([record(1), record(2, after=1)])
    (first,) = claim(queue)
    assert claim(queue, settle(first, QueueStep.PARK)) == ()
    assert queue.stats().parked == 1
    queue.release("D1|E1")
    assert ids(claim(queue)) == [name(1)]


def test_release_waiting(world: World, queue: Queue) -> None:
    """A waiting lane can be released before its time."""
    queue.enqueue([record(1)])
    (first,) = claim(queue)
    claim(queue, settle(first, QueueStep.DELAY, moment(world.now_ms + 99_000)))
    queue.release("D1|E1")
    assert ids(claim(queue)) == [name(1)]


def test_release_leased(queue: Queue) -> None:
    """Releasing a lane somebody works on changes nothing."""
    queue.enqueue([record(1)])
    claim(queue)
    queue.release("D1|E1")
    queue.release("no such lane")
    assert claim(queue) == ()


def poison(queue: Queue) -> Claimed:
    for _ in range(3):
        assert len(claim(queue)) == 1
        queue.expire_worker("w1")
    (found,) = queue.poisoned()
    return found


def test_poison_parks(queue: Queue) -> None:
    """What took three workers with it is not handed out again; it is reported with a token of its own."""
    queue.enqueue([record(1), record(2, after=1)])
    found = poison(queue)
    assert (found.delivery_id, found.crashes) == (name(1), 3)
    assert claim(queue) == ()
    assert queue.stats().parked == 1


def test_poison_settled(queue: Queue) -> None:
    """Once the journal knows, the poison is told off: parked for a person, and no longer reported."""
    queue.enqueue([record(1)])
    found = poison(queue)
    claim(queue, settle(found, QueueStep.PARK))
    assert queue.poisoned() == ()
    assert queue.stats().parked == 1
    queue.release("D1|E1")
    assert claim(queue)[0].crashes == 0


def test_poison_old_token(queue: Queue) -> None:
    """The worker that was taken for dead cannot settle the poison with the token it had."""
    queue.enqueue([record(1)])
    for _ in range(3):
        (last,) = claim(queue)
        queue.expire_worker("w1")
    claim(queue, settle(last))
    assert queue.stats().queued == 1
    assert len(queue.poisoned()) == 1


def test_poison_final(queue: Queue) -> None:
    """A poison the journal knows as final leaves the lane, and the next one goes on."""
    queue.enqueue([record(1), record(2, after=1)])
    assert ids(claim(queue, settle(poison(queue)))) == [name(2)]


# ---------------------------------------------------------------- rebuilding a lane


def test_rebuild_replaces(queue: Queue) -> None:
    """A rebuilt lane holds what the journal says, in its order."""
    queue.enqueue([record(1)])
    assert queue.rebuild_lane(snapshot(2, 3))
    (first,) = claim(queue)
    assert ids((first, *claim(queue, settle(first)))) == [name(2), name(3)]


def test_rebuild_keeps_lease(queue: Queue) -> None:
    """A live lease survives a rebuild when its delivery is still the head."""
    queue.enqueue([record(1)])
    (first,) = claim(queue)
    queue.rebuild_lane(snapshot(1, 2))
    assert claim(queue, worker="w2") == ()
    assert ids(claim(queue, settle(first))) == [name(2)]


def test_rebuild_ends_lease(queue: Queue) -> None:
    """A lease on what is no longer the head ends."""
    queue.enqueue([record(1), record(2, after=1)])
    (first,) = claim(queue)
    queue.rebuild_lane(snapshot(2))
    assert ids(claim(queue)) == [name(2)]
    claim(queue, settle(first))
    assert queue.stats().queued == 1


def test_rebuild_waits_for_intent(world: World, queue: Queue) -> None:
    """A head with a live intent in the journal is not handed out before that has run out."""
    queue.rebuild_lane(snapshot(1, not_before=moment(world.now_ms + 30_000)))
    assert claim(queue) == ()
    world.advance(30)
    assert ids(claim(queue)) == [name(1)]


def test_rebuild_parked(queue: Queue) -> None:
    """What is parked in the journal is parked in the queue, also when it becomes head only later."""
    queue.rebuild_lane(snapshot(1, 2, parked=[2]))
    (first,) = claim(queue)
    assert claim(queue, settle(first)) == ()
    assert queue.stats().parked == 1


def test_rebuild_held(queue: Queue) -> None:
    """What is held in the journal is not fed, nor anything behind it."""
    queue.rebuild_lane(snapshot(1, 2, 3, held=[2]))
    assert queue.stats().queued == 1
    queue.rebuild_lane(snapshot(1, 2, 3, held=[1]))
    assert queue.stats().queued == 0


def test_rebuild_releases(queue: Queue) -> None:
    """A lane parked in the queue and not in the journal is ready after its rebuild, its crashes forgotten."""
    queue.enqueue([record(1)])
    claim(queue, settle(poison(queue), QueueStep.PARK))
    queue.rebuild_lane(snapshot(1))
    assert claim(queue)[0].crashes == 0


def test_rebuild_parks_what_is_put_back(world: World, queue: Queue) -> None:
    """Its worker found that it is parked, had the lane rebuilt, and then puts it back: it rests, until a person."""
    queue.enqueue([record(1)])
    (claimed,) = claim(queue)
    queue.rebuild_lane(snapshot(1, parked=[1]))
    assert claim(queue, settle(claimed, QueueStep.DELAY, moment(world.now_ms))) == ()
    assert queue.stats().parked == 1
    queue.rebuild_lane(snapshot(1))
    assert claim(queue)[0].delivery_id == name(1)


def test_rebuild_keeps_poison(queue: Queue) -> None:
    """A poison the journal has not been told of is not set free by a rebuild."""
    queue.enqueue([record(1)])
    poison(queue)
    queue.rebuild_lane(snapshot(1, 2))
    assert claim(queue) == ()
    assert len(queue.poisoned()) == 1


def test_void_ticket_by_refusal(queue: Queue) -> None:
    """Who read the journal before something was refused may not overwrite the lane."""
    ticket = queue.mark("D1|E1")
    queue.enqueue([record(1)])
    assert not queue.rebuild_lane(snapshot(), ticket=ticket)
    assert queue.rebuild_lane(snapshot(1), ticket=queue.mark("D1|E1"))
    assert ids(claim(queue)) == [name(1)]


def test_void_ticket_by_settle(queue: Queue) -> None:
    """Who read the journal before a settlement may not bring the settled delivery back."""
    queue.enqueue([record(1), record(2, after=1)])
    (first,) = claim(queue)
    ticket = queue.mark("D1|E1")
    claim(queue, settle(first))
    assert not queue.rebuild_lane(snapshot(1, 2), ticket=ticket)
    assert not queue.drop_lane("D1|E1", ticket=ticket)
    assert queue.stats().queued == 1


def test_void_ticket_by_ticket(queue: Queue) -> None:
    """Of two who rebuild the same lane the one that asked last wins."""
    first, second = queue.mark("D1|E1"), queue.mark("D1|E1")
    assert not queue.rebuild_lane(snapshot(1), ticket=first)
    assert queue.rebuild_lane(snapshot(1, 2), ticket=second)
    assert not queue.rebuild_lane(snapshot(1), ticket=second)


def test_drop(queue: Queue) -> None:
    """A dropped lane is gone, with its lease and its mark."""
    queue.enqueue([record(1), record(2, after=1)])
    claim(queue)
    assert queue.drop_lane("D1|E1", ticket=queue.mark("D1|E1"))
    assert queue.stats().queued == queue.stats().leased == 0
    assert queue.enqueue([record(3)]) == frozenset()


def test_fill(queue: Queue) -> None:
    """Filling writes the lanes that are missing, and names those that differ, without touching them."""
    queue.enqueue([record(1), record(1, lane="D2|E1"), record(1, lane="D3|E1")])
    doubtful = queue.fill([snapshot(1), snapshot(1, 2, lane="D2|E1"), snapshot(2, lane="D3|E1"), snapshot(1, lane="D4|E1")])  # fmt: skip  # noqa: E501
    assert doubtful == {"D2|E1", "D3|E1"}
    assert sorted(ids(claim(queue))) == [name(1, f"D{n}|E1") for n in (1, 2, 3, 4)]


def test_fill_sees_parking(queue: Queue) -> None:
    """A lane parked here and not in the journal, or the other way round, is named; a leased or poisoned one is not."""
    queue.rebuild_lane(snapshot(1, parked=[1]))
    queue.rebuild_lane(snapshot(1, lane="D2|E1"))
    assert queue.fill([snapshot(1), snapshot(1, lane="D2|E1", parked=[1])]) == {"D1|E1", "D2|E1"}
    claim(queue)
    assert queue.fill([snapshot(1, lane="D2|E1", parked=[1])]) == frozenset()


def test_fill_sees_behind(queue: Queue) -> None:
    """A lane that is behind is named and stays behind."""
    queue.mark("D1|E1")
    assert queue.fill([snapshot(1)]) == {"D1|E1"}
    assert queue.behind(10) == ("D1|E1",)


# ---------------------------------------------------------------- generations


def test_not_adopted(world: World) -> None:
    """A process that was not told its generation can do nothing."""
    queue = world.queue()
    assert queue.generation() == 0
    with pytest.raises(GenerationLost):
        queue.enqueue([record(1)])
    with pytest.raises(GenerationLost):
        claim(queue)


def test_start_empties(queue: Queue) -> None:
    """A new generation begins empty; the old tokens are worth nothing."""
    queue.enqueue([record(1), record(2, after=1)])
    (old,) = claim(queue)
    queue.start_generation(2)
    assert (queue.generation(), queue.stats().queued) == (2, 0)
    queue.enqueue([record(1)])
    (new,) = claim(queue, settle(old))
    assert new.token == "2.1"


def test_start_again(queue: Queue) -> None:
    """Beginning the same generation again, as after a lost reply, empties nothing."""
    queue.enqueue([record(1)])
    queue.start_generation(1)
    assert queue.stats().queued == 1


def test_start_older(world: World, queue: Queue) -> None:
    """Of two that begin a generation the newer wins, in whatever order they come."""
    late = world.queue()
    queue.start_generation(3)
    with pytest.raises(GenerationLost):
        late.start_generation(2)
    assert queue.generation() == 3


def test_other_process_notices(world: World, queue: Queue) -> None:
    """A process that still works in the old generation is stopped at its next call, and goes on once it adopts."""
    other = world.queue()
    other.adopt(1)
    other.enqueue([record(1)])
    queue.start_generation(2)
    for call in (lambda: claim(other), lambda: other.enqueue([record(2)]), lambda: other.stats()):
        with pytest.raises(GenerationLost):
            call()
    other.adopt(2)
    assert other.enqueue([record(1)]) == frozenset()


def test_wiped(world: World, queue: Queue) -> None:
    """An emptied server is noticed by every call, and by `generation`."""
    queue.enqueue([record(1)])
    claims = claim(queue)
    world.wipe()
    assert queue.generation() == 0
    for call in (lambda: claim(queue), lambda: queue.extend(claims, lease_s=1), lambda: queue.fill([snapshot(1)])):
        with pytest.raises(GenerationLost):
            call()


def test_whole(world: World, queue: Queue) -> None:
    """Whether a rebuild was walked to its end is known to every process, and forgotten with the generation."""
    other = world.queue()
    other.adopt(1)
    assert not other.whole()
    queue.finish_generation()
    assert other.whole()
    queue.start_generation(2)
    assert not queue.whole()


def test_lock(world: World, queue: Queue) -> None:
    """A lock has one owner, who may prolong it; it outlives a change of generation."""
    assert queue.lock("rebuild", "a", lease_s=30)
    assert queue.lock("rebuild", "a", lease_s=30)
    queue.start_generation(2)
    assert not queue.lock("rebuild", "b", lease_s=30)
    assert queue.lock("sweep", "b", lease_s=30)


def test_a_lock_given_back_is_free_at_once(queue: Queue) -> None:
    """By a lease of nothing its owner gives it back; nobody else can."""
    assert queue.lock("rebuild", "a", lease_s=30)
    assert not queue.lock("rebuild", "b", lease_s=0)
    assert not queue.lock("rebuild", "b", lease_s=30)
    assert queue.lock("rebuild", "a", lease_s=0)
    assert queue.lock("rebuild", "b", lease_s=30)


def test_a_lock_of_a_clock_that_was_ahead_is_free(world: World, queue: Queue) -> None:
    """Who took it while the clock was two hours ahead would shut out everybody for two hours."""
    assert queue.lock("sweep", "a", lease_s=30)
    world.advance(-7_200)
    assert not queue.lock("sweep", "b", lease_s=0)
    assert queue.lock("sweep", "b", lease_s=30)
    assert not queue.lock("sweep", "a", lease_s=30)


# ---------------------------------------------------------------- the house


def test_stats(world: World, queue: Queue) -> None:
    """Sizes are counted, not remembered: one lane in each place."""
    queue.enqueue([record(1, lane=f"D{n}|E1") for n in range(4)] + [record(2, lane="D3|E1", after=1)])
    one, two, _ = claim(queue, limit=3)
    claim(queue, settle(one, QueueStep.PARK), settle(two, QueueStep.DELAY, moment(world.now_ms + 9)), limit=0)
    stats = queue.stats()
    assert (stats.ready, stats.leased, stats.delayed, stats.parked, stats.queued) == (1, 1, 1, 1, 5)
    assert stats.generation == 1


def test_claim_nothing(queue: Queue) -> None:
    """With a limit of 0 only the settlements are carried out."""
    queue.enqueue([record(1), record(2, after=1)])
    (first,) = claim(queue)
    assert claim(queue, settle(first), limit=0) == ()
    assert queue.stats().ready == 1


def test_wait_returns_when_ready(queue: Queue) -> None:
    """The bell has rung before the wait began: nobody sleeps beside work."""
    queue.enqueue([record(1)])
    began = time.monotonic()
    queue.wait(2)
    assert time.monotonic() - began < 1
    assert len(claim(queue)) == 1


def test_server_stays(queue: Queue) -> None:
    """The same server has the same name."""
    queue.ping()
    assert queue.server() == queue.server() != ""
