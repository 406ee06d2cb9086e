"""What large bodies left is given back to the system, once, when it is calm."""

from __future__ import annotations

import asyncio

from bus.web.body import Room
from bus.web.memory import GivingBack, trim

MB = 1024 * 1024


def given_back(*sizes: int, apart_s: float = 0.0) -> int:
    """How often, when bodies of these sizes were let go."""
    times: list[None] = []

    async def run() -> None:
        back = GivingBack(lambda: times.append(None), calm_s=0.05)
        room = Room(100 * MB, released=back.released)
        for size in sizes:
            with room.seat() as seat:
                assert seat.hold(size)
            await asyncio.sleep(apart_s)
        await asyncio.sleep(0.3)

    asyncio.run(run())
    return len(times)


def test_after_a_crowd_of_large_ones_once() -> None:
    """Not after each: the next would only take it again."""
    assert given_back(*[4 * MB] * 10, apart_s=0.001) == 1


def test_small_ones_cost_nothing() -> None:
    """However many: they leave nothing that is worth a walk, and do not put the giving back off."""
    assert given_back(*[1024] * 50) == 0
    assert given_back(4 * MB, *[1024] * 10, apart_s=0.02) == 1


def test_many_middling_ones_are_large_together() -> None:
    """What a large one leaves, they leave too."""
    assert given_back(*[256 * 1024] * 20) == 1


def test_it_can_be_called() -> None:
    """In any process, at any time."""
    trim()
