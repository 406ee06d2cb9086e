"""`make chaos`: plays every scenario against real processes, prints the ledger, writes build/chaos.tsv.

Exit status 1: something was lost, doubled, reordered, overlapped, altered or stuck, or work resumed too late.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from tests.chaos.play import play
from tests.chaos.row import Row, show, total, write
from tests.chaos.scenarios import SCENARIOS

OUT = Path(__file__).parents[2] / "build" / "chaos.tsv"
SHORT = 3  # faults of a scenario in the short form


def main(argv: list[str] | None = None) -> int:
    """Plays what was asked for."""
    given = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started must end with us
    rows: list[Row] = []
    for name in given.scenario or SCENARIOS:
        scenario = SCENARIOS[name]
        rounds = min(SHORT, scenario.rounds) if given.short else scenario.rounds
        folder = Path(tempfile.mkdtemp(prefix=f"chaos-{name}-"))
        row = play(scenario, folder, seed=given.seed, rounds=rounds, dossiers=10 if given.short else given.dossiers)
        rows.append(row)
        print("\t".join(row.cells()), file=sys.stderr, flush=True)
        if row.ok:
            shutil.rmtree(folder)
        else:
            print(f"kept for a look: {folder}", file=sys.stderr)
        write([*rows, total(rows)], given.out)
    show([*rows, total(rows)])
    return 0 if all(row.ok for row in rows) else 1


def _parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    top.add_argument("--short", action="store_true", help="few faults, little load")
    top.add_argument("--seed", type=int, default=1, help="decides when faults strike")
    top.add_argument("--scenario", action="append", choices=tuple(SCENARIOS), help="only this one; repeatable")
    top.add_argument("--dossiers", type=int, default=20, help="dossiers that come in before each fault")
    top.add_argument("--out", type=Path, default=OUT, help="where the ledger is written")
    return top


if __name__ == "__main__":
    sys.exit(main())
