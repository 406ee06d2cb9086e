"""`make chaos`: plays every scenario against real processes, prints the ledger, writes build/chaos.tsv.

Exit status 1: something was lost, doubled, reordered, overlapped, altered, stuck or sent again without a cause, or
work resumed too late.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.chaos.bugs import BUGS, environment
from tests.chaos.play import play
from tests.chaos.row import Row, show, total, write
from tests.chaos.scenarios import LONG, SCENARIOS, SHORT, Scenario

OUT = Path(__file__).parents[2] / "build" / "chaos.tsv"
MESSAGES = 21_000  # of the long form
_SHORT_MESSAGES = 60  # a fault
_BUG_DOSSIERS, _BUG_END_S = 30, 30.0
_PER_DOSSIER = 4.4  # items times receivers


def main(argv: list[str] | None = None) -> int:
    """Plays what was asked for."""
    given = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started must end with us
    if given.bugs or given.bug:
        return put_in_bugs(given.bug or tuple(BUGS), given.seed, given.out.with_name("chaos-bugs.tsv"))
    chosen = {name: SCENARIOS[name] for name in given.only or (SHORT if given.short else LONG)}
    rounds = spread(chosen, given.faults)
    messages = given.messages or (_SHORT_MESSAGES * sum(rounds.values()) if given.short else _usual(rounds))
    dossiers = max(8, round(messages / sum(rounds.values()) / _PER_DOSSIER))
    rows: list[Row] = []
    with _bar() as bar:
        task = bar.add_task("", total=sum(rounds.values()))
        for name, scenario in chosen.items():
            bar.update(task, description=name)
            rows.append(_one(scenario, given.seed, rounds[name], dossiers, lambda: bar.advance(task)))
            bar.update(task, completed=sum(list(rounds.values())[: len(rows)]))
            bar.console.print("\t".join(rows[-1].cells()), highlight=False, soft_wrap=True)
            write([*rows, total(rows)], given.out)
    show([*rows, total(rows)])
    return 0 if all(row.ok for row in rows) else 1


def put_in_bugs(names: Iterable[str], seed: int, out: Path) -> int:
    """Every bug must be noticed."""
    passed = []
    rows = []
    for name in names:
        bug = BUGS[name]
        folder = Path(tempfile.mkdtemp(prefix=f"chaos-bug-{name}-"))
        scenario = replace(SCENARIOS[bug.scenario], name=name)
        row = play(
            scenario, folder, seed=seed, rounds=bug.rounds, dossiers=_BUG_DOSSIERS, environment=environment(name),
            end_s=_BUG_END_S,
        )  # fmt: skip
        rows.append(row)
        write(rows, out)
        if bug.noticed(row):
            shutil.rmtree(folder)
        else:
            passed.append(f"{name}: {folder}")
    show(rows)
    print("\n".join(f"NOT NOTICED: {one}" for one in passed) or "every bug was noticed", file=sys.stderr)
    return 1 if passed else 0


def spread(chosen: Mapping[str, Scenario], faults: int) -> dict[str, int]:
    """So many faults over the scenarios, each in its share and at least once; 0 = as many as each is meant to have."""
    usual = sum(one.rounds for one in chosen.values())
    share = faults / usual if faults else 1.0
    return {name: max(1, round(one.rounds * share)) for name, one in chosen.items()}


def _usual(rounds: Mapping[str, int]) -> int:
    """The long form's messages a fault, also where only some scenarios are played."""
    return round(MESSAGES * sum(rounds.values()) / sum(one.rounds for one in LONG.values()))


def _one(scenario: Scenario, seed: int, rounds: int, dossiers: int, struck: Callable[[], None]) -> Row:
    folder = Path(tempfile.mkdtemp(prefix=f"chaos-{scenario.name}-"))
    row = play(scenario, folder, seed=seed, rounds=rounds, dossiers=dossiers, struck=struck)
    if row.ok:
        shutil.rmtree(folder)
    else:
        print(f"kept for a look: {folder}", file=sys.stderr)
    return row


def _bar() -> Progress:
    columns = (TextColumn("{task.description:20}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True))


def _parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    top.add_argument("--short", action="store_true", help="the short form: few faults, little load")
    top.add_argument(
        "--bugs", action="store_true", help="put bugs into the bus: each must be noticed (--bug: only one)"
    )
    top.add_argument("--bug", action="append", choices=tuple(BUGS), help=argparse.SUPPRESS)
    top.add_argument("--seed", type=int, default=1, help="decides when faults strike")
    top.add_argument("--only", action="append", choices=tuple(SCENARIOS), help="only this scenario; repeatable")
    top.add_argument("--faults", type=int, default=0, help="so many altogether, spread over the scenarios")
    top.add_argument("--messages", type=int, default=0, help="so many altogether, about (items times receivers)")
    top.add_argument("--out", type=Path, default=OUT, help="where the ledger is written")
    return top


if __name__ == "__main__":
    sys.exit(main())
