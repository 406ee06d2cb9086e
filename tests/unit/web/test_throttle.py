"""Waiting after wrong credentials, and places in a crowd: the rules alone."""

from __future__ import annotations

from bus.web.crowd import RESERVED, Crowd, Seat, Stage
from bus.web.throttle import FREE, Throttle

KEY = ("thu", "motcua", "10.0.0.1")


def test_waits_grow_and_end() -> None:
    """Ten tries are free; then one second, two, four … a minute at most; a right one forgets them."""
    throttle = Throttle()
    for _ in range(FREE):
        throttle.wrong(KEY, now_s=0)
    assert throttle.wait_s(KEY, now_s=0) == 0
    waits = []
    for _ in range(12):
        throttle.wrong(KEY, now_s=0)
        waits.append(throttle.wait_s(KEY, now_s=0))
    assert waits[:4] == [1, 2, 4, 8]
    assert waits[-1] == 60
    assert throttle.wait_s(("thu", "motcua", "10.0.0.2"), now_s=0) == 0
    assert throttle.wait_s(KEY, now_s=61) == 0
    throttle.right(KEY)
    throttle.wrong(KEY, now_s=62)
    assert throttle.wait_s(KEY, now_s=62) == 0


def test_what_is_remembered_is_bounded() -> None:
    """A hundred thousand invented names do not fill the memory."""
    throttle = Throttle()
    for number in range(100_000):
        throttle.wrong(("thu", str(number), "10.0.0.1"), now_s=0)
    assert len(throttle._tries) <= 10_000


class Guest:
    """A connection."""

    ended = False

    def cut(self) -> None:
        """Remembers it."""
        self.ended = True


def test_the_largest_crowd_gives_way_first() -> None:
    """At the limit of all, the longest waiting of the address with most connections goes."""
    crowd = Crowd(most=5, per_address=4)
    many = [Guest() for _ in range(4)]
    lone, newcomer = Guest(), Guest()
    assert [crowd.enter(one, "a") for one in many] == [Seat.TAKEN] * 4
    assert crowd.enter(lone, "b") is Seat.TAKEN
    assert crowd.enter(newcomer, "c") is Seat.TAKEN
    assert [one.ended for one in many] == [True, False, False, False]
    assert not lone.ended
    assert len(crowd) == 5


def test_reserved_places_are_bounded_and_come_back() -> None:
    """When everybody is being served, so many newcomers may ask for health, and no more."""
    crowd = Crowd(most=2, per_address=2)
    for address in ("a", "b"):
        guest = Guest()
        crowd.enter(guest, address)
        crowd.move(guest, Stage.WORKING)
    late = [Guest() for _ in range(RESERVED + 1)]
    seats = []
    for number, guest in enumerate(late):
        seats.append(crowd.enter(guest, f"n{number}"))
        crowd.move(guest, Stage.WORKING)
    assert seats == [Seat.RESERVED] * RESERVED + [Seat.NONE]
    for guest in late:
        crowd.leave(guest)
        crowd.leave(guest)
    assert len(crowd) == 2
    assert crowd.enter(Guest(), "z") is Seat.RESERVED
