"""What an entry of the chain says of an attempt: enough to prove it, nothing that may have to be erased."""

from __future__ import annotations

from dataclasses import asdict

from bus.delivery import Attempt


def attempt_fact(attempt: Attempt) -> dict[str, object]:
    """The attempt without the partner's own words: those may be erased one day; the reply's digest stays."""
    fact = {**asdict(attempt), "started_at": attempt.started_at.isoformat(), "outcome": attempt.outcome.value}
    del fact["text"]
    return fact
