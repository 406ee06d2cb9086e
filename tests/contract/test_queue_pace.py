"""What every queue must do about speed, stopped retries and urgency: for the real server and for the twin."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bus.ports import Queue
from bus.rates import Rate, read_rate
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
FIVE = read_rate("5/s")


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """A fresh world; its invariants are looked at once more when the test is over."""
    made = world_of(request.param)
    yield made
    check_world(made)
    made.close()


@pytest.fixture
def queue(world: World) -> Queue:
    """Generation 1, with forty lanes of E1 and one of E2."""
    return fresh(world)


def fresh(world: World) -> Queue:
    """As the fixture."""
    made = world.queue()
    made.start_generation(1)
    made.enqueue([record(1, lane=f"D{n:02d}|E1") for n in range(40)] + [record(1, lane="D99|E2")])
    return made


def claim(queue: Queue, *settles: QueueSettle, limit: int = 16) -> tuple[Claimed, ...]:
    return queue.claim("w1", settles=settles, limit=limit, lease_s=LEASE_S)


def of(endpoint: str, claims: tuple[Claimed, ...]) -> int:
    return sum(one.endpoint == endpoint for one in claims)


def view(queue: Queue, endpoint: str = "E1") -> Rate | None:
    return next(one.rate for one in queue.endpoints() if one.endpoint == endpoint)


# ---------------------------------------------------------------- rate


def test_rate(world: World, queue: Queue) -> None:
    """No more go to an endpoint than its rate, over all workers; others are not held up."""
    queue.obey(standing(1, E1=FIVE))
    claims = claim(queue)
    assert (of("E1", claims), of("E2", claims)) == (5, 1)
    other = world.queue()
    other.adopt(1)
    assert claim(other) == ()
    world.advance(0.2)
    assert len(claim(other)) == 1
    assert claim(queue) == ()
    world.advance(1.4)
    assert len(claim(queue)) == 5, "more than a burst is kept"
    assert view(queue) == FIVE


def test_rate_evenly(world: World, queue: Queue) -> None:
    """Over any while no more than the rate and one burst; and no less, if there is work."""
    queue.obey(standing(1, E1=read_rate("120/min")))
    sent = of("E1", claim(queue))
    for _ in range(100):
        world.advance(0.1)
        sent += of("E1", claim(queue))
    assert sent == 2 + 20


def test_slow_rate(world: World, queue: Queue) -> None:
    """A slow rate lets one out at a time, each when its time has come."""
    queue.obey(standing(1, E1=read_rate("120/h")))
    assert of("E1", claim(queue)) == 1
    world.advance(29.9)
    assert claim(queue) == ()
    world.advance(0.1)
    assert len(claim(queue)) == 1


def test_burst(queue: Queue) -> None:
    """A burst lets as many go at once after a rest."""
    queue.obey(standing(1, E1=read_rate("20/h;9")))
    assert of("E1", claim(queue)) == 9


def test_rate_of_settings(world: World, queue: Queue) -> None:
    """The settings' rate holds until a person orders another, and again when that is taken back."""
    by_settings = world.queue(rates={"E1": FIVE})
    by_settings.adopt(1)
    assert of("E1", claim(by_settings)) == 5
    assert view(by_settings) == FIVE
    queue.obey(standing(1, E1=read_rate("3/s")))
    assert (of("E1", claim(by_settings)), view(by_settings)) == (3, read_rate("3/s"))
    queue.obey(standing(2))
    assert (of("E1", claim(by_settings)), view(by_settings)) == (5, FIVE)


def test_other_order_keeps_bucket(queue: Queue) -> None:
    """An order for another endpoint does not fill the bucket."""
    queue.obey(standing(1, E1=FIVE))
    assert of("E1", claim(queue)) == 5
    queue.obey(standing(2, E1=FIVE, E2=1))
    assert of("E1", claim(queue)) == 0


def test_rate_lifted(queue: Queue) -> None:
    """When the rate is taken back, who waited for a token goes at once."""
    queue.obey(standing(1, E1=read_rate("1/h")))
    assert of("E1", claim(queue)) == 1
    queue.obey(standing(2))
    assert of("E1", claim(queue)) == 16


def test_clock_back(world: World, queue: Queue) -> None:
    """The server's clock goes back an hour: nobody waits longer for a token than it takes to come; none is given."""
    queue.obey(standing(1, E1=FIVE, E2=read_rate("2/s")))
    assert of("E1", claim(queue)) == 5
    world.advance(-3600)
    assert claim(queue) == ()
    world.advance(0.2)
    assert len(claim(queue)) == 1
    world.advance(1)
    assert len(claim(queue)) == 5


def test_rate_and_pause(world: World, queue: Queue) -> None:
    """A token that comes ends no pause."""
    queue.obey(standing(1, E1=FIVE))
    claim(queue)
    queue.obey(standing(2, E1=None))
    world.advance(59)
    assert claim(queue) == ()


# ---------------------------------------------------------------- stopped retries


def retried(world: World, queue: Queue, *, count: int = 3) -> tuple[Claimed, ...]:
    """Some of E1 were tried, and are due again."""
    claims = tuple(one for one in claim(queue, limit=count + 1) if one.endpoint == "E1")
    claim(queue, *[settle(one, QueueStep.DELAY, moment(world.now_ms), tried=True) for one in claims], limit=0)
    return claims


def test_stop_retries(world: World, queue: Queue) -> None:
    """Retries stopped: what was tried waits, though due and oldest; first attempts go on; resumed, it goes first."""
    tried = {one.lane for one in retried(world, queue)}
    queue.obey(standing(1, stop=True))
    claims = claim(queue)
    assert len(claims) == 16
    assert not tried & {one.lane for one in claims}
    assert tried <= check_world(world).waiting
    assert not tried & {one.lane for one in claim(queue, limit=99)}
    queue.obey(standing(2, E1=99))
    assert tried == {one.lane for one in claim(queue, limit=len(tried))}


def test_stop_ends(world: World, queue: Queue) -> None:
    """A stop with an end ends by itself."""
    queue.enqueue([record(2, lane="D99|E2", after=1)])
    (one,) = (c for c in claim(queue, limit=2) if c.endpoint == "E2")
    claim(queue, settle(one, QueueStep.DELAY, moment(world.now_ms), tried=True), limit=0)
    queue.obey(standing(1, stop=moment(world.now_ms + 30_000)))
    world.advance(29)
    assert of("E2", claim(queue)) == 0
    world.advance(1)
    assert [c.delivery_id for c in claim(queue) if c.endpoint == "E2"] == [name(1, "D99|E2")]


def test_stop_in_all_endpoints(world: World, queue: Queue) -> None:
    """What is behind a retry that waits does not pass it."""
    queue.enqueue([record(2, lane="D00|E1", after=1)])
    retried(world, queue, count=1)
    queue.obey(standing(1, stop=True))
    assert "D00|E1" not in {one.lane for one in claim(queue, limit=99)}


def test_stop_put_back(world: World, queue: Queue) -> None:
    """What was put back without having been sent is no retry."""
    claims = claim(queue, limit=2)
    claim(queue, *[settle(one, QueueStep.DELAY, moment(world.now_ms)) for one in claims], limit=0)
    queue.obey(standing(1, stop=True))
    assert {one.lane for one in claims} <= {one.lane for one in claim(queue, limit=99)}


def test_stop_lost_lease(world: World, queue: Queue) -> None:
    """What a worker died with may have been sent: it counts as tried."""
    claims = claim(queue, limit=2)
    queue.obey(standing(1, stop=True))
    world.advance(LEASE_S)
    assert not {one.lane for one in claims} & {one.lane for one in claim(queue, limit=99)}


def test_stop_outlives_a_wipe(world: World, queue: Queue) -> None:
    """After a wipe the journal says again what was tried before, and that retries are stopped."""
    world.wipe()
    queue.start_generation(2)
    queue.obey(standing(1, stop=True))
    queue.fill([snapshot(1, 2, lane="D1|E1", tried=[1]), snapshot(1, lane="D2|E1")])
    assert [one.lane for one in claim(queue)] == ["D2|E1"]
    queue.obey(standing(2))
    assert [one.delivery_id for one in claim(queue)] == [name(1, "D1|E1")]


def test_stop_next_of_lane(world: World, queue: Queue) -> None:
    """The delivery behind one that was retried and taken is a first attempt."""
    queue.enqueue([record(2, lane="D00|E1", after=1)])
    (one,) = retried(world, queue, count=1)
    again = next(c for c in claim(queue, limit=99) if c.lane == one.lane)
    queue.obey(standing(1, stop=True, E1=99))
    assert name(2, "D00|E1") in {c.delivery_id for c in claim(queue, settle(again), limit=99)}


# ---------------------------------------------------------------- urgency


def banded(queue: Queue, *counts: int) -> None:
    """So many lanes of E3 for each priority, the least urgent oldest."""
    for priority in reversed(range(len(counts))):
        lanes = [f"P{priority}.{n:02d}|E3" for n in range(counts[priority])]
        queue.enqueue([record(1, lane=lane, priority=priority) for lane in lanes])


def order(queue: Queue, many: int) -> str:
    """The priorities of E3's lanes in the order they are handed out, each settled."""
    said = ""
    for _ in range(many):
        (one,) = (c for c in claim(queue, limit=99) if c.endpoint == "E3")
        said += one.lane[1]
        claim(queue, settle(one), limit=0)
    return said


def one_at_a_time(queue: Queue) -> None:
    queue.obey(standing(1, E3=1))


def test_bands(queue: Queue) -> None:
    """Within an endpoint the urgent go before the normal, and these before the bulk."""
    one_at_a_time(queue)
    banded(queue, 3, 3, 2)
    assert order(queue, 8) == "00011122"


def test_bulk_is_not_starved(queue: Queue) -> None:
    """Urgent ones without end: each ninth turn goes to the one that has waited longest behind them."""
    one_at_a_time(queue)
    banded(queue, 40, 2, 2)
    assert order(queue, 36) == ("0" * 8 + "2") * 2 + ("0" * 8 + "1") * 2


def test_aging_begins_anew(queue: Queue) -> None:
    """Turns while nobody waited behind do not count."""
    one_at_a_time(queue)
    banded(queue, 20)
    assert order(queue, 10) == "0" * 10
    banded(queue, 0, 0, 1)
    assert order(queue, 9) == "0" * 8 + "2"


def test_bands_keep_lanes(queue: Queue) -> None:
    """An urgent delivery does not pass the bulk one before it in its lane."""
    queue.enqueue([record(1, lane="D1|E3", priority=2), record(2, lane="D1|E3", after=1, priority=0)])
    queue.enqueue([record(1, lane="D2|E3", priority=1)])
    one_at_a_time(queue)
    (first,) = (c for c in claim(queue, limit=99) if c.endpoint == "E3")
    assert first.lane == "D2|E3"
    (second,) = (c for c in claim(queue, settle(first), limit=99) if c.endpoint == "E3")
    assert second.delivery_id == name(1, "D1|E3")
    (third,) = (c for c in claim(queue, settle(second), limit=99) if c.endpoint == "E3")
    assert third.delivery_id == name(2, "D1|E3")
