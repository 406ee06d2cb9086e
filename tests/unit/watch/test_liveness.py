"""Does it move: every condition, what it takes, and what must not be taken for it."""

from __future__ import annotations

import pytest

from bus.records import Place
from bus.watch.liveness import Condition, Due, Facts, Limits, Rest, Seen, judge

LIMITS = Limits(still_s=60, silent_s=20, lost_s=30, endpoint_s=300)
AWAKE = Seen("w1", silent_s=2, still_s=1)
FROZEN = Seen("w1", silent_s=70, still_s=70)


def due(seen_s: float, **over: object) -> Due:
    """Something due, ready in the queue."""
    return Due(**{"endpoint": "cong", "delivery_id": "m:cong", "seen_s": seen_s, "place": Place.READY, **over})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        (Facts(), Condition.IDLE),
        (Facts(still_s=40_000), Condition.IDLE),  # a quiet night
        (Facts(still_s=40_000, workers=(FROZEN,)), Condition.IDLE),  # frozen, and nobody misses it
        (Facts((due(1),), still_s=40_000, workers=(AWAKE,)), Condition.MOVING),  # the first of the morning
        (Facts((due(59),), still_s=40_000), Condition.MOVING),
        (Facts((due(90),), still_s=3, workers=(AWAKE,)), Condition.MOVING),  # a long queue, and it moves
        (Facts((due(90),), still_s=90, workers=(AWAKE,)), Condition.WEDGED),
        (Facts((due(90),), still_s=90, workers=(FROZEN,)), Condition.SILENT),
        (Facts((due(90),), still_s=90, workers=(FROZEN, AWAKE)), Condition.WEDGED),
        (Facts((due(90),), still_s=90), Condition.NO_WORKER),
        (Facts((due(2, busy_s=90),), still_s=90, workers=(AWAKE,)), Condition.WEDGED),  # another one each time
        (Facts((due(2, busy_s=90),), still_s=3, workers=(AWAKE,)), Condition.MOVING),
        (Facts((due(90, rest=Rest.PAUSED),), still_s=90), Condition.RESTING),
        (Facts((due(9e9, rest=Rest.BREAKER), due(90, rest=Rest.HOURS)), still_s=9e9), Condition.RESTING),
        (Facts((due(90, rest=Rest.RETRIES), due(90, rest=Rest.RATE)), still_s=90), Condition.RESTING),
        (Facts((due(90, rest=Rest.PAUSED), due(90)), still_s=90, workers=(AWAKE,)), Condition.WEDGED),
        (Facts((due(90, rest=Rest.PAUSED), due(5)), still_s=90, workers=(AWAKE,)), Condition.MOVING),
        (Facts((due(31, place=Place.NOWHERE),), workers=(AWAKE,)), Condition.LOST),
        (Facts((due(31, place=Place.PARKED),), workers=(AWAKE,)), Condition.LOST),
        (Facts((due(31, place=Place.NOWHERE, rest=Rest.PAUSED),), workers=(AWAKE,)), Condition.LOST),
        (Facts((due(29, place=Place.NOWHERE),), workers=(AWAKE,)), Condition.MOVING),  # not told yet
        (Facts((due(301),), still_s=1, workers=(AWAKE,)), Condition.ENDPOINT),
        (Facts((due(301, in_flight=1),), still_s=1, workers=(AWAKE,)), Condition.MOVING),
        (Facts((due(90, place=None),), still_s=90, queue_away=True), Condition.QUEUE_AWAY),
        (Facts((due(30, place=None),), still_s=90, queue_away=True), Condition.MOVING),
        (Facts(still_s=90, queue_away=True), Condition.IDLE),
        (Facts(journal_away=True), Condition.JOURNAL_AWAY),
        (Facts(evicts="allkeys-lru"), Condition.EVICTS),
        (Facts((due(1),), workers=(AWAKE,), evicts="allkeys-lru"), Condition.EVICTS),
        (Facts((due(9, rest=Rest.PAUSED),), evicts="allkeys-lru"), Condition.EVICTS),
        (Facts((due(90),), still_s=90, evicts="allkeys-lru"), Condition.NO_WORKER),  # what stands still comes first
    ],
)
def test_verdict(facts: Facts, wanted: Condition) -> None:
    """The condition, and whether somebody must act."""
    said = judge(facts, LIMITS)
    assert said.condition is wanted
    assert said.healthy is (wanted in (Condition.IDLE, Condition.MOVING, Condition.RESTING))
    assert said.vi
    assert said.en
    assert "{" not in said.vi + said.en
    if said.problem is not None:
        assert said.problem.do_vi
        assert said.problem.do_en


def test_resting_names_who_rests() -> None:
    """The operator reads for whom everything waits, and why."""
    said = judge(Facts((due(9, rest=Rest.PAUSED), due(9, endpoint="gplx", rest=Rest.BREAKER))), LIMITS)
    assert "cong (tạm dừng)" in said.vi
    assert "gplx (not answering)" in said.en


def test_many_names_are_not_all_said() -> None:
    """A sentence stays a sentence."""
    said = judge(Facts(tuple(due(9, endpoint=f"e{n}", rest=Rest.PAUSED) for n in range(99))), LIMITS)
    assert len(said.vi) < 200
    assert "+96" in said.vi
