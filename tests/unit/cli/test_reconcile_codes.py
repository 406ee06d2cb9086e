"""How `lienthong reconcile` ends."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bus.cli.reconcile import _code
from bus.records import Difference, Progress, Reconciliation, Scope

AT = datetime(2026, 7, 6, tzinfo=UTC)
BEHIND = {"cong": {Difference.BEHIND.value: 2}}


@pytest.mark.parametrize(
    ("progress", "counts", "planned", "code"),
    [
        (Progress.DONE, {}, False, 0),
        (Progress.DONE, BEHIND, False, 1),
        (Progress.DONE, BEHIND, True, 0),
        (Progress.RUNNING, BEHIND, False, 3),
        (Progress.RUNNING, BEHIND, True, 3),  # what was not asked yet may differ too
    ],
)
def test_exit_code(progress: Progress, counts: dict[str, dict[str, int]], planned: bool, code: int) -> None:
    """Equal, or a plan was made: fine. Differences that nobody planned for: 1. Not finished: 3."""
    run = Reconciliation("r", "an", AT, Scope(AT, AT), 1, progress=progress, counts=counts)
    assert _code(run, planned=planned) == code
