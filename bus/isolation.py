"""What an attempt says of its endpoint: pure. Only faults of the line are held against it, never what it answers."""

from __future__ import annotations

from bus.delivery import Attempt
from bus.outcome import Outcome
from bus.records import Health

_ANSWERED = (Outcome.ACCEPTED, Outcome.DUPLICATE, Outcome.REJECTED)
_NO_ANSWER = (0, 502, 503, 504)  # HTTP status: none came, or a gateway's own, for a receiver behind it that is away
_OURS = "LT-DLV-008"  # our own program broke


def health_of(attempt: Attempt | None) -> Health:
    """A refusal of the content is an answer: the endpoint is well. A refused login, a request to come later and an
    answer nobody understands say nothing."""
    if attempt is None or attempt.problem_code == _OURS:
        return Health.UNKNOWN
    if attempt.outcome in _ANSWERED:
        return Health.WELL
    if attempt.outcome is Outcome.UNAVAILABLE or (attempt.outcome.unclear and attempt.status in _NO_ANSWER):
        return Health.ILL
    return Health.UNKNOWN
