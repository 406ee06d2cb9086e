"""Where the queue says a lane is: what the watch compares with the journal."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bus.records import Place, QueueStep
from tests.contract.queue_world import MemoryWorld, RedisWorld, World, check_world, moment, record, settle


@pytest.fixture(params=["redis", "memory"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """A fresh world."""
    made: World = RedisWorld() if request.param == "redis" else MemoryWorld()
    yield made
    check_world(made)
    made.close()


def test_each_lane_is_in_one_place(world: World) -> None:
    """Ready, leased, waiting, parked, and nowhere once it is done or was never told of."""
    queue = world.queue()
    queue.start_generation(1)
    first = record(1)
    queue.enqueue([first])

    def place() -> Place:
        return queue.places([first.lane, "unknown@cong"])[first.lane]

    assert queue.places([]) == {}
    assert queue.places(["unknown@cong"]) == {"unknown@cong": Place.NOWHERE}
    assert place() is Place.READY
    (claim,) = queue.claim("w1", settles=(), limit=1, lease_s=60)
    assert place() is Place.LEASED
    queue.claim("w1", settles=[settle(claim, QueueStep.DELAY, at=moment(world.now_ms + 5000))], limit=0, lease_s=60)
    assert place() is Place.WAITING
    world.advance(6)
    (claim,) = queue.claim("w1", settles=(), limit=1, lease_s=60)
    queue.claim("w1", settles=[settle(claim, QueueStep.PARK)], limit=0, lease_s=60)
    assert place() is Place.PARKED
    queue.release(first.lane)
    (claim,) = queue.claim("w1", settles=(), limit=1, lease_s=60)
    queue.claim("w1", settles=[settle(claim, QueueStep.DONE)], limit=0, lease_s=60)
    assert place() is Place.NOWHERE
