"""Several processes on one journal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bus.journal import open_journal

ROOT = Path(__file__).parents[3]
PROCESSES, EACH = 3, 120


@pytest.mark.slow
def test_processes_share_lanes(tmp_path: Path) -> None:
    """Three processes that accept for the same dossiers agree on dossiers, numbers, and one order per lane."""
    url = f"sqlite:///{tmp_path / 'j.sqlite'}"
    children = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.integration.journal.sharing_child", url, str(EACH)],
            stdout=subprocess.PIPE, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
        )
        for _ in range(PROCESSES)
    ]  # fmt: skip
    outputs = [child.communicate(timeout=100)[0] for child in children]
    assert [child.returncode for child in children] == [0] * PROCESSES
    told = [json.loads(line) for output in outputs for line in output.splitlines()]
    predecessor = {delivery: before for _, delivery, before in told}
    assert len(predecessor) == PROCESSES * EACH
    journal = open_journal(url)
    try:
        lanes = {one.lane: [delivery.delivery_id for delivery in one.deliveries] for one in journal.lanes()}
        assert len(lanes) == 5
        for deliveries in lanes.values():
            assert [predecessor[one] for one in deliveries] == ["", *deliveries[:-1]]
        numbers = {journal.dossier("cong", f"H99-{number:04}") for number in range(1, 6)}
        assert numbers == {journal.dossier("mot_cua_cmon", f"TN{number}") for number in range(5)}
        assert journal.dossier("cong", "H99-0006") is None
        assert journal.verify_chain() == ()
    finally:
        journal.close()
