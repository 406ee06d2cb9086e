"""The short form of the chaos suite, on SQLite and on PostgreSQL: `make chaos` is the long one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bus.simulators import judge, read_ledgers
from tests.chaos.play import play
from tests.chaos.scenarios import SHORT

pytestmark = pytest.mark.timeout(240)


def test_everything_once(tmp_path: Path) -> None:
    """Door, worker and queue server killed, the queue emptied, the line to the portal half-open: every accepted
    item arrives once, in order and unchanged, and work goes on after each."""
    scenario = SHORT["short"]
    row = play(scenario, tmp_path, seed=1, rounds=scenario.rounds, dossiers=8)
    assert row.faults == scenario.rounds
    assert row.accepted > 80
    assert row.ok, row
    assert _lost_without_one_line(tmp_path / "ledgers") == 1, "the very same ledgers must be able to show a loss"


@pytest.mark.foreign("postgresql", "gcc")
def test_postgresql_and_a_power_cut(tmp_path: Path) -> None:
    """PostgreSQL killed, both workers killed, the queue's disk set back to its last fsync, which loses what the queue
    had acknowledged: no item is lost, doubled or out of order."""
    scenario = SHORT["short-postgresql"]
    row = play(scenario, tmp_path, seed=1, rounds=scenario.rounds, dossiers=8)
    assert row.faults == scenario.rounds
    assert row.accepted > 50
    assert row.forgotten > 0
    assert row.ok, row


def _lost_without_one_line(ledgers: Path) -> int:
    """What the judge says once a step that the portal took once is out of its ledger."""
    lines = read_ledgers(*ledgers.glob("*.jsonl"))
    steps = [one for one in lines if one.who == "portal" and one.committed and one.item and one.item.step > 0]
    times = Counter((one.item.dossier, one.item.kind, one.item.step) for one in steps if one.item)
    gone = next(one for one in steps if one.item and times[one.item.dossier, one.item.kind, one.item.step] == 1)
    return judge(one for one in lines if one is not gone).lost
