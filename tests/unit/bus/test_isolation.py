"""What an attempt says of its endpoint."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bus.delivery import Attempt
from bus.isolation import health_of
from bus.outcome import Outcome
from bus.records import Health

FACT = Attempt(
    delivery_id="m:e", number=1, by="worker", worker="w", token="1.1", started_at=datetime(2026, 1, 5, tzinfo=UTC),
    duration_ms=3, outcome=Outcome.ACCEPTED, status=200, code="", text="", problem_code="", request_sha256="",
    request_size=0, reply_sha256="", reply_size=0, peer="",
)  # fmt: skip

SAYS = {
    (Outcome.ACCEPTED, 200): Health.WELL,
    (Outcome.DUPLICATE, 200): Health.WELL,
    (Outcome.REJECTED, 200): Health.WELL,
    (Outcome.REJECTED, 500): Health.WELL,
    (Outcome.REFUSED, 401): Health.UNKNOWN,
    (Outcome.UNAVAILABLE, 0): Health.ILL,
    (Outcome.UNAVAILABLE, 503): Health.ILL,
    (Outcome.UNAVAILABLE, 200): Health.ILL,
    (Outcome.THROTTLED, 429): Health.UNKNOWN,
    (Outcome.UNCLEAR, 0): Health.ILL,
    (Outcome.UNCLEAR, 200): Health.UNKNOWN,
    (Outcome.BAD_REPLY, 200): Health.UNKNOWN,
    (Outcome.BAD_REPLY, 500): Health.UNKNOWN,
    (Outcome.BAD_REPLY, 502): Health.ILL,
    (Outcome.LOCAL_FAULT, 0): Health.UNKNOWN,
}


@pytest.mark.parametrize(("outcome", "status"), SAYS)
def test_says(outcome: Outcome, status: int) -> None:
    """Answers, also refusals of the content, speak for it; silence speaks against it; the rest says nothing."""
    assert health_of(replace(FACT, outcome=outcome, status=status)) is SAYS[outcome, status]


def test_every_outcome() -> None:
    """No outcome is left out above."""
    assert {outcome for outcome, _ in SAYS} == set(Outcome)


def test_ours() -> None:
    """A fault of our own program, or a decision without an attempt, says nothing."""
    broken = replace(FACT, outcome=Outcome.UNCLEAR, status=0, problem_code="LT-DLV-008")
    assert health_of(broken) is health_of(None) is Health.UNKNOWN
