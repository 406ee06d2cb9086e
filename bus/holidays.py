"""Reads the table of public holidays: `ngay_nghi.csv` of the configuration folder, else the one that came along."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from bus.settings import packaged_defaults
from bus.windows import Holidays
from schemas.codefile import Row, read_table
from schemas.problem import Place, Problem, Refused, Stage, problem

FILE = "ngay_nghi.csv"


def holiday_file(folder: Path) -> Path:
    """The table that holds for a configuration folder."""
    own = folder / FILE
    return own if own.is_file() else packaged_defaults() / FILE


def load_holidays(folder: Path) -> Holidays:
    """The table: one line a day, `code` its date; `replaces` names the day a working day is made up for.

    Raises:
        Refused: with every wrong line.
    """
    rows, problems = read_rows(folder)
    if problems:
        raise Refused(problems)
    off: set[date] = set()
    made_up: dict[date, int] = {}
    for row in rows:
        day, replaced = date.fromisoformat(row.code), row.columns.get("replaces", "")
        if replaced:
            made_up[day] = date.fromisoformat(replaced).weekday()
        else:
            off.add(day)
    return Holidays(frozenset(off), made_up, max((*off, *made_up), default=None))


def read_rows(folder: Path) -> tuple[tuple[Row, ...], tuple[Problem, ...]]:
    """The lines as they stand, and what is wrong with them."""
    file = holiday_file(folder)
    _, rows, problems = read_table(file.name, file.read_bytes())
    return rows, (*problems, *_not_days(file.name, rows))


def _not_days(file: str, rows: tuple[Row, ...]) -> Iterator[Problem]:
    for row in rows:
        for text in (row.code, row.columns.get("replaces", "")):
            try:
                _ = date.fromisoformat(text) if text else None
            except ValueError:
                values = {
                    "file": file, "line": row.line, "reason_vi": f"“{text}” không phải ngày yyyy-MM-dd",
                    "reason_en": f"“{text}” is no day yyyy-MM-dd",
                }  # fmt: skip
                yield problem("LT-CODE-001", Stage.CONFIGURE, values).at(ours=Place(file, row.line))
