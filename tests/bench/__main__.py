"""`make bench`: runs every module of this folder that has `rows()`, prints a table, writes build/bench.tsv.

A row is (name, value, unit, goal, ok); goal "" or ok None: for information only. Names of modules may be given.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
OUT = HERE.parents[1] / "build" / "bench.tsv"
COLUMNS = ("name", "value", "unit", "goal", "ok")
Row = tuple[str, float | int | str, str, str, bool | None]


def collect(names: Iterable[str]) -> list[Row]:
    """The rows of every module that has some; a module that breaks is a row that is not ok."""
    found: list[Row] = []
    for name in names:
        try:
            module = importlib.import_module(f"tests.bench.{name}")
            found += list(module.rows()) if hasattr(module, "rows") else []
        except Exception as fault:
            found.append((f"{name}: {type(fault).__name__}: {fault}", "", "", "runs", False))
    return found


def shown(value: float | int | str) -> str:
    """Three figures are enough for a bench."""
    return (
        f"{value:.3g}"
        if isinstance(value, float) and abs(value) < 1000
        else f"{value:.0f}"
        if isinstance(value, float)
        else str(value)
    )


def main(names: list[str]) -> int:
    """Exit status 1 when a goal is missed."""
    modules = names or sorted(file.stem for file in HERE.glob("*.py") if not file.stem.startswith("_"))
    rows = collect(modules)
    OUT.parent.mkdir(exist_ok=True)
    lines = ["\t".join(COLUMNS)]
    table = Table(*COLUMNS)
    for name, value, unit, goal, ok in rows:
        word = {True: "yes", False: "NO", None: ""}[ok] if goal else ""
        lines.append("\t".join((name, shown(value), unit, goal, word)))
        table.add_row(name, shown(value), unit, goal, word, style="bold red" if word == "NO" else "")
    OUT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    Console().print(table)
    return 1 if any(goal and ok is False for _, _, _, goal, ok in rows) else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
