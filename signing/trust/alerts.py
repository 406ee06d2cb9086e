"""Which certificates, keys and revocation lists end soon: said 60, 30, 7 and 1 days before."""

from __future__ import annotations

from datetime import datetime

STEPS_DAYS = (60, 30, 7, 1)


def step_of(ends: datetime, *, now: datetime) -> int | None:
    """The tightest step that is reached: 60, 30, 7, 1; 0 = ended; None = far away.

    >>> from datetime import UTC, timedelta
    >>> now = datetime(2026, 7, 6, tzinfo=UTC)
    >>> [step_of(now + timedelta(days=days), now=now) for days in (61, 60, 8, 7, 1, -1)]
    [None, 60, 30, 7, 1, 0]
    """
    left = (ends - now).total_seconds() / 86_400
    if left <= 0:
        return 0
    return min((step for step in STEPS_DAYS if left <= step), default=None)
