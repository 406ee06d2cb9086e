"""What every queue must do about endpoints that are dead, slow or paused: for the real server and for the twin."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from bus.ports import Queue
from bus.records import Breaker, Claimed, Health, QueueSettle, QueueStep
from tests.contract.queue_world import (
    WORLDS,
    World,
    check_world,
    moment,
    record,
    settle,
    snapshot,
    standing,
    world_of,
)

LEASE_S = 60.0
BREAKER = Breaker(failures=3, first_s=10, most_s=40)
MOST = 8


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """A fresh world; its invariants are looked at once more when the test is over."""
    made = world_of(request.param)
    yield made
    check_world(made)
    made.close()


@pytest.fixture
def queue(world: World) -> Queue:
    """The first worker's view, generation 1, with forty lanes of E1."""
    return fresh(world)


def fresh(world: World) -> Queue:
    """As the fixture."""
    made = worker(world)
    made.start_generation(1)
    fed(made)
    return made


def worker(world: World) -> Queue:
    """Another process."""
    made = world.queue(in_flight=MOST, breaker=BREAKER)
    made.adopt(1)
    return made


def fed(queue: Queue) -> None:
    queue.enqueue([record(1, lane=f"D{n:02d}|E1") for n in range(40)])


def claim(queue: Queue, *settles: QueueSettle, worker: str = "w1", limit: int = 16) -> tuple[Claimed, ...]:
    return queue.claim(worker, settles=settles, limit=limit, lease_s=LEASE_S)


def told(
    world: World, claims: tuple[Claimed, ...], health: Health, *, step: QueueStep | None = None
) -> list[QueueSettle]:
    """Settlements: what went well is done, the rest is tried again much later."""
    well = QueueStep.DONE if health is Health.WELL else QueueStep.DELAY
    later = moment(world.now_ms + 3_600_000)
    return [settle(c, step or well, later, health=health) for c in claims]


def fail(world: World, queue: Queue, *, times: int = BREAKER.failures) -> None:
    """So many failures in a row of E1."""
    while times:
        claims = claim(queue, limit=times)
        assert claims
        claim(queue, *told(world, claims, Health.ILL), limit=0)
        times -= len(claims)


def state(queue: Queue, endpoint: str = "E1") -> str:
    return next(view.state for view in queue.endpoints() if view.endpoint == endpoint)


def probe(world: World, queue: Queue) -> Claimed:
    """Waits until one goes out."""
    world.advance(BREAKER.most_s)
    (found,) = claim(queue)
    return found


# ---------------------------------------------------------------- the breaker


def test_opens(world: World, queue: Queue) -> None:
    """After so many failures in a row nothing of that endpoint can be claimed; of another everything."""
    fail(world, queue)
    assert state(queue) == "open"
    queue.enqueue([record(1, lane=f"D{n:02d}|E2") for n in range(2)])
    assert [c.endpoint for c in claim(queue)] == ["E2", "E2"]
    assert check_world(world).ready["E1"], "the lanes stay ready"


def test_shared(world: World, queue: Queue) -> None:
    """Failures count wherever they happened, and all workers let the endpoint alone."""
    for name in ("w1", "w2", "w3"):
        one = worker(world)
        claims = claim(one, worker=name, limit=1)
        claim(one, *told(world, claims, Health.ILL), worker=name, limit=0)
    assert [claim(worker(world), worker=name) for name in ("w1", "w2", "w4")] == [(), (), ()]


def test_not_in_a_row(world: World, queue: Queue) -> None:
    """Failures with an answer between them do not open it."""
    for _ in range(4):
        fail(world, queue, times=BREAKER.failures - 1)
        claim(queue, *told(world, claim(queue, limit=1), Health.WELL), limit=0)
    assert state(queue) == "closed"


@pytest.mark.parametrize("step", QueueStep)
def test_answers_never_open(world: World, queue: Queue, step: QueueStep) -> None:
    """An answer, also one that refuses the content, never opens it; nor does what says nothing."""
    for health in (Health.WELL, Health.UNKNOWN):
        for _ in range(BREAKER.failures + 2):
            claim(queue, *told(world, claim(queue, limit=1), health, step=step), limit=0)
    assert state(queue) == "closed"
    assert claim(queue)


def test_one_probe(world: World, queue: Queue) -> None:
    """When its time has come one delivery goes out, among all workers."""
    fail(world, queue)
    world.advance(BREAKER.first_s)
    out = [claim(worker(world), worker=name) for name in ("w1", "w2", "w3")]
    assert sorted(map(len, out)) == [0, 0, 1]
    assert state(queue) == "half"
    world.advance(LEASE_S / 2)
    assert claim(queue) == ()


def test_rests(world: World, queue: Queue) -> None:
    """It rests for at least half of its time, at most all of it."""
    fail(world, queue)
    world.advance(BREAKER.first_s / 2 - 0.1)
    assert claim(queue) == ()
    world.advance(BREAKER.first_s / 2 + 0.1)
    assert len(claim(queue)) == 1


def test_rests_longer(world: World, queue: Queue) -> None:
    """Each failed probe doubles the rest, up to the longest."""
    fail(world, queue)
    rests = []
    for _ in range(6):
        one = probe(world, queue)
        claim(queue, *told(world, (one,), Health.ILL), limit=0)
        (view,) = [v for v in queue.endpoints() if v.endpoint == "E1"]
        assert view.until
        rests.append(view.until.timestamp() - world.now_ms / 1000)
    assert 10 <= rests[0] <= 20
    assert all(20 <= rest <= 40 for rest in rests[1:])
    assert len(set(rests[1:])) > 1, "no chance in it: what fell together is probed together"


def test_closes(world: World, queue: Queue) -> None:
    """A probe that is answered closes it, at once and wholly; the next rest is a first one again."""
    fail(world, queue)
    one = probe(world, queue)
    assert len(claim(queue, *told(world, (one,), Health.WELL))) == MOST
    assert state(queue) == "closed"
    assert next(v.openings for v in queue.endpoints() if v.endpoint == "E1") == 0


def test_lost_probe(world: World, queue: Queue) -> None:
    """A probe lost with its worker is followed by another within a second, and the rest does not grow."""
    fail(world, queue)
    world.advance(BREAKER.most_s)
    assert len(claim(queue, worker="dies")) == 1
    queue.expire_worker("dies")
    assert claim(queue) == ()
    assert state(queue) == "open"
    world.advance(1)
    assert len(claim(queue)) == 1
    assert next(v.openings for v in queue.endpoints() if v.endpoint == "E1") == 1


def test_probe_of_lost_lease(world: World, queue: Queue) -> None:
    """So is one whose lease ran out."""
    fail(world, queue)
    probe(world, queue)
    world.advance(LEASE_S)
    assert claim(queue) == ()
    world.advance(1)
    assert len(claim(queue)) == 1


def test_probe_without_news(world: World, queue: Queue) -> None:
    """A probe that was put back unsent is followed by another within a second."""
    fail(world, queue)
    one = probe(world, queue)
    assert claim(queue, *told(world, (one,), Health.UNKNOWN)) == ()
    world.advance(1)
    assert len(claim(queue)) == 1


def test_probe_dropped(world: World, queue: Queue) -> None:
    """A probe whose lane was rebuilt without it is followed by another."""
    fail(world, queue)
    one = probe(world, queue)
    queue.rebuild_lane(snapshot(7, lane=one.lane))
    world.advance(1)
    assert len(claim(queue)) == 1


def test_another_lane_probes(world: World, queue: Queue) -> None:
    """What failed last does not probe while another can: one delivery nobody can bear must not shut out the rest."""
    fail(world, queue)
    one = probe(world, queue)
    claim(queue, *told(world, (one,), Health.ILL, step=QueueStep.PARK), limit=0)
    queue.release(one.lane)
    assert probe(world, queue).lane != one.lane


def test_only_lane_probes(world: World) -> None:
    """If there is no other, it probes."""
    queue = world.queue(breaker=BREAKER)
    queue.start_generation(1)
    queue.enqueue([record(1)])
    for _ in range(BREAKER.failures):
        claim(
            queue, *[settle(c, QueueStep.DELAY, moment(world.now_ms), health=Health.ILL) for c in claim(queue)], limit=0
        )
    assert probe(world, queue).lane == "D1|E1"


def test_stragglers(world: World, queue: Queue) -> None:
    """What was sent before it opened and fails afterwards makes no rest longer."""
    claim(queue, *told(world, claim(queue, limit=1), Health.WELL), limit=0)
    many = claim(queue)
    assert len(many) == MOST
    claim(queue, *told(world, many[:3], Health.ILL), limit=0)
    until = [v.until for v in queue.endpoints() if v.endpoint == "E1"]
    world.advance(1)
    claim(queue, *told(world, many[3:6], Health.ILL), limit=0)
    assert [v.until for v in queue.endpoints() if v.endpoint == "E1"] == until
    world.advance(BREAKER.first_s)
    (one,) = claim(queue)
    claim(queue, *told(world, many[6:7], Health.ILL), limit=0)
    assert state(queue) == "half", "only the probe decides"
    claim(queue, *told(world, (one,), Health.ILL), limit=0)
    assert state(queue) == "open"


def test_late_token(world: World, queue: Queue) -> None:
    """Who lost the lease says nothing of the endpoint."""
    for _ in range(BREAKER.failures):
        claims = claim(queue, limit=1)
        queue.expire_worker("w1")
        claim(queue, *told(world, claims, Health.ILL), limit=0)
        for c in claims:
            queue.release(c.lane)
    assert state(queue) == "closed"


def test_tries_of_the_dead(world: World, queue: Queue) -> None:
    """An endpoint that never answered costs no more tries than the threshold, however many workers ask."""
    tries: list[Claimed] = []
    for name in ("w1", "w2", "w3"):
        tries += claim(worker(world), worker=name)
    assert len(tries) == BREAKER.failures
    for one in tries:
        claim(queue, *told(world, (one,), Health.ILL))
    assert check_world(world).in_flight == set()


def test_after_a_failure(world: World, queue: Queue) -> None:
    """After a failure no more go out than are left to the threshold, until it answers again."""
    claim(queue, *told(world, claim(queue, limit=1), Health.WELL), limit=0)
    fail(world, queue, times=1)
    claims = claim(queue)
    assert len(claims) == BREAKER.failures - 1
    assert len(claim(queue, *told(world, claims, Health.WELL))) == MOST


def test_off(world: World) -> None:
    """Without a breaker nothing is ever let alone."""
    queue = world.queue(in_flight=MOST)
    queue.start_generation(1)
    fed(queue)
    fail(world, queue, times=20)
    assert len(claim(queue)) == MOST


def test_wiped(world: World, queue: Queue) -> None:
    """A new generation knows nothing of it: it is learnt again."""
    fail(world, queue)
    world.wipe()
    queue.start_generation(2)
    fed(queue)
    assert len(claim(queue)) == BREAKER.failures


# ---------------------------------------------------------------- what a person orders


def test_pause(world: World, queue: Queue) -> None:
    """A paused endpoint is not claimed from, by anybody, until it is resumed."""
    worker(world).obey(standing(1, E1=None))
    assert claim(queue) == claim(worker(world), worker="w2") == ()
    world.advance(86_400)
    assert claim(queue) == ()
    queue.obey(standing(2))
    assert len(claim(queue)) == BREAKER.failures


def test_pause_ends(world: World, queue: Queue) -> None:
    """A pause with an end ends by itself."""
    queue.obey(standing(1, E1=moment(world.now_ms + 60_000)))
    world.advance(59)
    assert claim(queue) == ()
    world.advance(1)
    assert claim(queue)


def test_pause_in_flight(world: World, queue: Queue) -> None:
    """What is under way when the pause begins is settled as ever."""
    claims = claim(queue)
    queue.obey(standing(1, E1=None))
    assert claim(queue, *told(world, claims, Health.WELL)) == ()
    assert queue.stats().queued == 40 - len(claims)


def test_pause_and_breaker(world: World, queue: Queue) -> None:
    """Neither ends the other."""
    queue.obey(standing(1, E1=moment(world.now_ms + 1000)))
    world.advance(1)
    fail(world, queue)
    queue.obey(standing(2, E1=None))
    world.advance(BREAKER.most_s)
    assert claim(queue) == ()
    queue.obey(standing(3))
    assert len(claim(queue)) == 1


def test_pause_shorter_than_rest(world: World, queue: Queue) -> None:
    """A pause that ends while the breaker is open lets nothing out."""
    fail(world, queue)
    queue.obey(standing(1, E1=moment(world.now_ms + 1000)))
    world.advance(2)
    assert claim(queue) == ()
    world.advance(BREAKER.first_s)
    assert len(claim(queue)) == 1


def test_older_order(queue: Queue) -> None:
    """Who read the journal before the last order changes nothing."""
    queue.obey(standing(2, E1=None))
    queue.obey(standing(1))
    assert claim(queue) == ()
    queue.obey(standing(2))
    assert claim(queue) == ()


def test_order_for_the_unknown(world: World) -> None:
    """An endpoint that was never fed can be paused; what comes later waits."""
    queue = world.queue()
    queue.start_generation(1)
    queue.obey(standing(1, E1=None))
    queue.enqueue([record(1)])
    assert claim(queue) == ()
    queue.obey(standing(2))
    assert len(claim(queue)) == 1


def test_ordered_cap(world: World) -> None:
    """A cap is obeyed at once; without it the default holds again."""
    queue = world.queue(in_flight=MOST)
    queue.start_generation(1)
    fed(queue)
    queue.obey(standing(1, E1=2))
    assert len(claim(queue)) == 2
    queue.obey(standing(2, E1=3))
    assert len(claim(queue)) == 1
    queue.obey(standing(3))
    assert len(claim(queue)) == MOST - 3


@pytest.mark.parametrize(
    "rest", [lambda w, q: fail(w, q), lambda w, q: q.obey(standing(1, E1=moment(w.now_ms + 8000)))]
)
def test_seen(world: World, queue: Queue, rest: Callable[[World, Queue], None]) -> None:
    """Whoever looks sees why nothing goes out, until when, and how much waits."""
    rest(world, queue)
    (view,) = [v for v in queue.endpoints() if v.endpoint == "E1"]
    assert (view.state, view.paused) in (("open", False), ("closed", True))
    assert moment(world.now_ms) < (view.until or view.paused_until or moment(0)) <= moment(world.now_ms + 10_000)
    assert (view.ready, view.in_flight) in ((37, 0), (40, 0))
