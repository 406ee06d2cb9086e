"""A policy laid out as clock times says what the decisions then do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bus.foresee import foresee
from bus.notation import read_notation
from bus.outcome import Outcome
from bus.records import NextStep
from bus.retry import RetryPolicy, decide
from bus.windows import read_windows
from tests.unit.bus.test_retry import tried

FRIDAY = datetime(2026, 7, 3, 9, 50, tzinfo=UTC)  # 16:50 in Viet Nam


def lived(policy: RetryPolicy, chance: float) -> list[datetime]:
    """When the tries are made if each fails at once."""
    at, used, made = policy.windows.opens(FRIDAY), 0, []
    while True:
        made.append(at)
        failed = tried(Outcome.UNAVAILABLE, used=used)
        failed = replace(failed, delivery=replace(failed.delivery, since_at=FRIDAY))
        decision = decide(failed, policy, now=at, chance=chance)
        if decision.step is NextStep.PARK:
            return made
        assert decision.next_at is not None
        at, used = decision.next_at, used + 1


@pytest.mark.parametrize(
    ("notation", "windows"),
    [
        ("10s;8;30s,2m,10m,1h", "T2-T6 07:30-17:00"),
        ("10s;1000;exp(2s..15m)", ""),
        ("10s;40;exp(1m..2h);<5h", "T2-T6 07:30-11:30,13:00-17:00"),
        ("10s;5;fixed(5m)~20%;<8m", ""),
        ("10s;1;<1h", "T7 08:00-09:00"),
    ],
)
def test_what_is_foreseen_is_what_is_done(notation: str, windows: str) -> None:
    """Try by try, at the shortest and the usual pauses."""
    policy = replace(read_notation(notation), windows=read_windows(windows))
    found = foresee(policy, FRIDAY)
    assert [one.usual for one in found.tries] == lived(policy, 0.5)
    soonest = lived(policy, 0.0)
    assert found.most == len(soonest)
    assert [one.earliest for one in found.tries] == soonest[: len(found.tries)]
    assert found.fewest <= len(found.tries) <= found.most


def test_with_the_default_the_deadline_decides_not_the_number_of_tries() -> None:
    """Whoever is away for three days is tried for three days."""
    found = foresee(RetryPolicy(), FRIDAY)
    assert found.counted_out is None
    assert found.tries[-1].usual == found.end == FRIDAY + timedelta(days=3)
