"""Dead receivers against the rest, in one run: rows of (name, value, unit, goal, reached)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.integration.isolated import BREAKER, ENDPOINTS, run

Row = tuple[str, float, str, str, bool | None]

_DEAD = ENDPOINTS[:3]
_EACH = 60


def rows() -> Iterator[Row]:
    """Three black holes of twelve: what the live get per second and endpoint, with and without; a minute."""
    with tempfile.TemporaryDirectory(prefix="ltiso") as folder:
        without = run(Path(folder) / "without", dead=(), each=_EACH)
        ran = run(Path(folder) / "with", dead=_DEAD, each=_EACH)
    rate = (ran.delivered / ran.seconds) / (without.delivered / without.seconds)
    most = BREAKER.failures + 1 + int(ran.seconds / (BREAKER.first_s / 2))
    wasted = max(ran.tries.values())
    yield ("isolation: live rate, 3 of 12 dead ÷ none dead", round(rate, 3), "", "≥ 0.95", rate >= 0.95)
    yield ("isolation: p99 to the live, 3 of 12 dead ÷ none dead", round(ran.p99_s / without.p99_s, 3), "", "", None)
    yield ("isolation: most tries wasted on one dead endpoint", wasted, "", f"≤ {most}", wasted <= most)
