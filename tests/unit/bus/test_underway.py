"""What a worker has in hand: nothing looks younger than it is, nothing lost is sent, nothing untold is forgotten."""

from __future__ import annotations

from bus.records import Claimed, QueueSettle, QueueStep
from bus.underway import Underway


def claim(number: int, token: str = "1.1") -> Claimed:
    return Claimed(f"m{number}:e", f"d{number}@e", "e", token, 0, 0)


def settle(number: int) -> QueueSettle:
    return QueueSettle(f"m{number}:e", f"d{number}@e", "e", "1.1", QueueStep.DONE)


def test_age_counts_from_before_the_queue_was_asked() -> None:
    """So that a process frozen in between is found out."""
    hand = Underway()
    hand.add((claim(1),), asked_at=10.0)
    assert hand.age_s(claim(1), now=12.5) == 2.5
    assert hand.age_s(claim(2), now=12.5) is None


def test_what_the_queue_no_longer_knows_as_ours_is_ours_no_longer() -> None:
    """It must not be sent."""
    hand = Underway()
    hand.add((claim(1), claim(2)), asked_at=0.0)
    hand.keep(hand.claims(), {"m2:e"})
    assert (hand.age_s(claim(1), now=1.0), hand.age_s(claim(2), now=1.0), len(hand)) == (None, 1.0, 1)


def test_a_newer_claim_of_the_same_delivery_is_not_touched_by_the_older_one() -> None:
    """Lease lost, claimed again: the late end of the first must not take the second out of our hand."""
    hand = Underway()
    hand.add((claim(1),), asked_at=0.0)
    hand.add((claim(1, "1.2"),), asked_at=5.0)
    hand.forget(claim(1))
    hand.keep((claim(1),), ())
    assert (hand.age_s(claim(1), now=6.0), hand.age_s(claim(1, "1.2"), now=6.0)) == (None, 1.0)


def test_settlements_are_told_in_order_and_stay_until_they_are() -> None:
    """What came in between waits for the next time."""
    hand = Underway()
    hand.tell(settle(1))
    told = hand.untold()
    hand.tell(settle(2))
    hand.told(told)
    assert (told, hand.untold()) == ((settle(1),), (settle(2),))
    assert hand.news.is_set()
