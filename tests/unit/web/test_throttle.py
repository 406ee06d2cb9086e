"""Waiting after wrong credentials, and places in a crowd: the rules alone."""

from __future__ import annotations

from bus.web.crowd import RESERVED, Crowd, Seat, Stage
from bus.web.throttle import EVERY_S, FREE, TOGETHER, Throttle

DOOR, PROXY = "thu", "10.0.0.1"


class Ticks:
    """A clock that is turned by hand."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.throttle = Throttle(ticks=lambda: self.now_s)

    def wrong(self, name: str = "motcua", peer: str = PROXY) -> float:
        """One wrong password; how long it had to wait first."""
        login = self.throttle.login(DOOR, peer, name)
        if not login.wait_s:
            login.wrong()
        return login.wait_s

    def right(self, name: str = "motcua") -> None:
        """One right password."""
        login = self.throttle.login(DOOR, PROXY, name)
        assert login.wait_s == 0
        login.right()

    def wait_s(self, name: str = "motcua", peer: str = PROXY) -> float:
        """How long it would wait."""
        return self.throttle.login(DOOR, peer, name).wait_s

    def flood(self) -> None:
        """A stranger tries a name once each until it waits."""
        for number in range(1_000):
            if self.wrong(f"ten-{number}"):
                return
        raise AssertionError("it never waits")


def test_waits_grow_and_end() -> None:
    """Ten tries are free; then one second, two, four … a minute at most; a right one forgets them."""
    ticks = Ticks()
    for _ in range(FREE):
        assert ticks.wrong() == 0
    waits = []
    for _ in range(12):
        assert ticks.wrong() == 0
        waits.append(ticks.wait_s())
        ticks.now_s += waits[-1]
    assert waits[:4] == [1, 2, 4, 8]
    assert waits[-1] == 60
    ticks.right()
    assert ticks.wrong() == 0
    assert ticks.wait_s() == 0


def test_wrong_guesses_at_one_name_stop_no_other() -> None:
    """Behind one proxy, and the same name elsewhere."""
    ticks = Ticks()
    for _ in range(FREE + 1):
        ticks.wrong()
    assert ticks.wait_s() > 0
    assert ticks.wait_s("khac") == 0
    assert ticks.wait_s(peer="10.0.0.2") == 0
    assert ticks.throttle.login("cua-khac", PROXY, "motcua").wait_s == 0


def test_all_guesses_of_an_address_are_bounded() -> None:
    """A hundred at once, then one in three seconds, whatever names they claim; another address does not wait."""
    ticks = Ticks()
    ticks.flood()
    assert len(ticks.throttle._tries) == TOGETHER
    tried = 0
    for _ in range(600):
        ticks.now_s += 1
        tried += ticks.wrong(f"sau-{ticks.now_s}") == 0
    assert tried == 600 / EVERY_S
    assert ticks.wait_s("moi", peer="10.0.0.2") == 0


def test_whoever_was_right_there_does_not_wait_for_a_flood() -> None:
    """But for its own wrong ones; and being wrong reads for it as for everybody else there."""
    ticks = Ticks()
    ticks.right()
    ticks.flood()
    login = ticks.throttle.login(DOOR, PROXY, "motcua")
    assert login.wait_s == 0
    assert login.wrong() == ticks.wait_s("nguoi-la") > 0
    for _ in range(FREE):
        ticks.wrong()
    assert ticks.wait_s() == 1


def test_nothing_claimed_neither_waits_nor_counts() -> None:
    """Whoever shows nothing, or a signature."""
    ticks = Ticks()
    ticks.flood()
    login = ticks.throttle.login(DOOR, PROXY, "")
    assert login.wait_s == 0
    assert login.wrong() == 0


def test_what_is_remembered_is_bounded_and_tells_nothing() -> None:
    """Tens of thousands of invented names do not fill the memory; what is kept is no name."""
    throttle = Throttle(ticks=lambda: 0.0)
    for number in range(30_000):
        login = throttle.login("thu", f"10.0.{number % 250}.{number % 249}", f"{number}-tên")
        login.wrong()
        login.right()
        login.wrong()
    for kept in (throttle._tries, throttle._places, throttle._right):
        assert len(kept) <= 10_000
        assert all(len(mark) == 16 for mark in kept)


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
