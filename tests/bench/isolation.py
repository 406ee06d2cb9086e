"""Dead receivers against the rest, each figure of one run: rows of (name, value, unit, goal, reached).

As many receivers as a province has, with the settings as they ship. Dead: takes the connection, never says a word.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bus.sections import BreakerSettings, QueueSettings, WorkerSettings
from tests.integration.isolated import Ran, World, run

Row = tuple[str, float, str, str, bool | None]

ALL = tuple(f"don_vi_{n:03d}" for n in range(166))
DEAD = ALL[3::8][:20]  # here and there among the others
_EACH = 12
_LOAD = 0.5  # of what the worker can, for the delays
_BREAKER = BreakerSettings()
_WORLD = World(
    endpoints=ALL,
    breaker=_BREAKER.rules() or World.breaker,
    most=QueueSettings().in_flight_per_endpoint,
    threads=WorkerSettings().threads,
    waiting=WorkerSettings().waiting,
    batch=WorkerSettings().batch,
    timeout="10s",
    lease_s=60.0,
    answer_s=0.05,
)


def rows() -> Iterator[Row]:
    """20 black holes of 166: what the live get per second and how long they wait, with and without; two minutes."""
    with tempfile.TemporaryDirectory(prefix="ltiso") as folder:
        without, ran = (
            run(Path(folder) / f"full{len(dead)}", dead=dead, each=_EACH, world=_WORLD) for dead in ((), DEAD)
        )
        calm = replace(_WORLD, per_s=round(_LOAD * without.delivered / without.seconds))
        soon, late = (run(Path(folder) / f"calm{len(dead)}", dead=dead, each=_EACH, world=calm) for dead in ((), DEAD))
    rate, delay = _rate(ran) / _rate(without), late.p99_s / soon.p99_s
    yield ("isolation: live rate, 20 of 166 dead ÷ none dead", round(rate, 3), "", "≥ 0.95", rate >= 0.95)
    yield (
        "isolation: p99 to the live at half load, 20 of 166 dead ÷ none dead",
        round(delay, 3),
        "",
        "≤ 1.1",
        delay <= 1.1,
    )
    most = _BREAKER.failures + 1 + int(ran.seconds / (_BREAKER.first_s / 2))
    wasted = max(ran.tries.values())
    yield ("isolation: most tries wasted on one dead endpoint", wasted, "", f"≤ {most}", wasted <= most)
    total = sum(ran.tries.values())
    bound = len(DEAD) * most
    yield ("isolation: tries wasted on all the dead", total, "", f"≤ {bound}", total <= bound)


def _rate(ran: Ran) -> float:
    return ran.delivered / ran.seconds
