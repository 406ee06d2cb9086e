"""What an entry of the chain says of an attempt: enough to prove it, nothing that may have to be erased."""

from __future__ import annotations

from dataclasses import fields

from bus.delivery import Attempt

_TOLD = tuple(field.name for field in fields(Attempt) if field.name != "text")


def attempt_fact(attempt: Attempt) -> dict[str, object]:
    """The attempt without the partner's own words: those may be erased one day; the reply's digest stays."""
    fact: dict[str, object] = {name: getattr(attempt, name) for name in _TOLD}
    fact["started_at"], fact["outcome"] = attempt.started_at.isoformat(), attempt.outcome.value
    return fact
