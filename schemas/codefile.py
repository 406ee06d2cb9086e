"""Reads one code table from CSV, and says what is wrong with it, line by line."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations

from schemas.problem import Place, Problem, Stage, problem
from schemas.vietnamese import nfc

Wrong = Callable[[int, str, str], None]
CROSSWALK = ("legacy", "canonical", "reverse", "valid_from", "valid_to", "note")
LIST = ("code", "vi", "en", "valid_from", "valid_to")


@dataclass(frozen=True, slots=True)
class Row:
    """One line: a code and what it means, from day to day."""

    code: str  # the partner's code in a cross-walk, the code in a list
    canonical: str  # the canonical code; the code itself in a list
    reverse: bool  # the way back from canonical takes this row
    valid_from: date | None  # first day
    valid_to: date | None  # last day
    line: int  # in the file, 1-based
    columns: Mapping[str, str] = field(default_factory=dict)  # everything, by header

    def holds(self, on: date) -> bool:
        """Good on that day, both ends included."""
        return (self.valid_from is None or self.valid_from <= on) and (self.valid_to is None or on <= self.valid_to)

    def overlaps(self, other: Row) -> bool:
        """There is a day on which both are good."""
        first = max(self.valid_from or date.min, other.valid_from or date.min)
        return first <= min(self.valid_to or date.max, other.valid_to or date.max)


def read_table(file: str, body: bytes) -> tuple[bool, tuple[Row, ...], tuple[Problem, ...]]:
    """Whether it is a cross-walk, its rows, and every wrong line."""
    problems: list[Problem] = []

    def wrong(line: int, vi: str, en: str) -> None:
        values = {"file": file, "line": line, "reason_vi": vi, "reason_en": en}
        problems.append(problem("LT-CODE-001", Stage.CONFIGURE, values).at(ours=Place(file, line)))

    try:
        text = nfc(body.decode("utf-8-sig"))
    except UnicodeDecodeError:
        wrong(1, "tệp không phải UTF-8", "the file is not UTF-8")
        return False, (), tuple(problems)
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip() and line[0] != "#"]
    table = list(csv.reader(line for _, line in lines))
    if len(table) != len(lines):
        wrong(1, "một ô kéo dài nhiều dòng", "a cell spans several lines")
        return False, (), tuple(problems)
    header = table[0] if table else []
    crosswalk = set(CROSSWALK) <= set(header)
    if not crosswalk and not set(LIST) <= set(header):
        wrong(lines[0][0] if lines else 1, "đầu bảng thiếu cột", "the header lacks columns")
        return False, (), tuple(problems)
    rows: list[Row] = []
    for (number, _), cells in zip(lines[1:], table[1:], strict=True):
        if len(cells) != len(header):
            wrong(number, f"có {len(cells)} ô, cần {len(header)}", f"has {len(cells)} cells, needs {len(header)}")
            continue
        row = _row(number, dict(zip(header, (cell.strip() for cell in cells), strict=True)), crosswalk)
        if isinstance(row, Row):
            rows.append(row)
        else:
            wrong(number, *row)
    _doubled(rows, wrong)
    return crosswalk, tuple(rows), tuple(problems)


def _row(line: int, cells: Mapping[str, str], crosswalk: bool) -> Row | tuple[str, str]:
    code = cells["legacy" if crosswalk else "code"]
    canonical = cells["canonical"] if crosswalk else code
    if not code or not canonical:
        return "mã để trống", "a code is empty"
    reverse = cells["reverse"] if crosswalk else "no"
    if reverse not in ("yes", "no"):
        return "cột reverse phải là yes hoặc no", "the column reverse must be yes or no"
    try:
        first, last = (date.fromisoformat(cells[name]) if cells[name] else None for name in ("valid_from", "valid_to"))
    except ValueError:
        return "ngày phải viết yyyy-MM-dd", "a day must be written yyyy-MM-dd"
    if first is not None and last is not None and last < first:
        return "valid_to sớm hơn valid_from", "valid_to is before valid_from"
    return Row(code, canonical, reverse == "yes", first, last, line, cells)


def _doubled(rows: list[Row], wrong: Wrong) -> None:
    by_code: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        by_code.setdefault(("code", row.code), []).append(row)
        if row.reverse:
            by_code.setdefault(("canonical", row.canonical), []).append(row)
    for (side, code), same in by_code.items():
        for one, other in combinations(same, 2):
            if one.overlaps(other):
                way = "chiều ngược (reverse=yes)" if side == "canonical" else "chiều xuôi"
                way_en = "the way back (reverse=yes)" if side == "canonical" else "the way in"
                wrong(
                    other.line,
                    f"mã “{code}” trùng dòng {one.line} theo {way}, cùng thời gian hiệu lực",
                    f"code “{code}” also stands in line {one.line} for {way_en}, valid on the same days",
                )
