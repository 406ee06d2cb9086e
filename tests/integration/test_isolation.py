"""Dead receivers do not hold up the others: real queue, real journal, real sockets, with and without them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bus.delivery import State
from tests.integration.isolated import BREAKER, ENDPOINTS, run

DEAD = ENDPOINTS[:3]
EACH = 25


@pytest.mark.timeout(180)
@pytest.mark.parametrize("workers", [1, 2])
def test_black_holes(tmp_path: Path, workers: int) -> None:
    """Three of twelve never answer: all others get everything, soon; the dead cost as many tries as open the breaker,
    and the probes; nothing of theirs is parked, most of it was never tried."""
    without = run(tmp_path / "without", dead=(), each=EACH, workers=workers)
    ran = run(tmp_path / "with", dead=DEAD, each=EACH, workers=workers)
    assert ran.delivered == EACH * (len(ENDPOINTS) - len(DEAD))
    assert without.delivered == EACH * len(ENDPOINTS)
    probes = 1 + int(ran.seconds / (BREAKER.first_s / 2))
    for endpoint in DEAD:
        assert 0 < ran.tries[endpoint] <= BREAKER.failures + probes
        assert ran.states[endpoint] <= {State.READY, State.SENDING, State.UNCLEAR, State.WAITING}
        assert State.READY in ran.states[endpoint]
    rate = (ran.delivered / ran.seconds) / (without.delivered / without.seconds)
    print(f"workers {workers}: rate {rate:.2f}, p99 {ran.p99_s:.2f} s against {without.p99_s:.2f} s, tries {ran.tries}")
    assert ran.p99_s < without.p99_s * 4 + 2, "the live waited for the dead"


@pytest.mark.timeout(60)
def test_breakers_open(tmp_path: Path) -> None:
    """While the dead are let alone, everybody can see why; the live ones' breakers are closed."""
    ran = run(tmp_path / "with", dead=DEAD, each=EACH * 3)
    assert {ran.breakers[endpoint] for endpoint in DEAD} <= {"open", "half"}
    assert {ran.breakers[endpoint] for endpoint in ENDPOINTS if endpoint not in DEAD} == {"closed"}
