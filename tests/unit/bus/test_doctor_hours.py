"""The doctor on the table of holidays: only where somebody closes for them, and long before it ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bus.days import local_day
from bus.doctor.finding import Verdict
from bus.doctor.hours import look_at_hours
from bus.settings import load

CLOSES = 'windows = "T2-T6 07:30-17:00; nghi_le"\n'


def looked(folder: Path, *, windows: str = CLOSES, days: int | None = None, unverified: str = "no") -> list[Verdict]:
    (folder / "partners.toml").write_text(f'[endpoints.a]\nsystem = "a"\n{windows}', encoding="utf-8")
    if days is not None:
        day = local_day(datetime.now(UTC)) + timedelta(days=days)
        head = "code,vi,en,valid_from,valid_to,replaces,unverified\n"
        (folder / "ngay_nghi.csv").write_text(f"{head}{day},Lễ,Fair,,,,{unverified}\n", encoding="utf-8")
    return [one.verdict for one in look_at_hours(load(folder))]


@pytest.mark.parametrize(
    ("days", "verdict"), [(61, Verdict.GOOD), (59, Verdict.NOTE), (0, Verdict.NOTE), (-1, Verdict.WRONG)]
)
def test_a_table_that_ends_is_told_sixty_days_before(tmp_path: Path, days: int, verdict: Verdict) -> None:
    """And it is a fault once it has ended: holidays would pass for working days."""
    assert looked(tmp_path, days=days) == [verdict]


def test_days_that_nobody_has_announced_yet_are_named(tmp_path: Path) -> None:
    """While there is time to mend them."""
    assert looked(tmp_path, days=30, unverified="yes") == [Verdict.NOTE, Verdict.NOTE]
    assert looked(tmp_path, days=90, unverified="yes") == [Verdict.GOOD]


@pytest.mark.parametrize("windows", ["", 'windows = "T2-T6 07:30-17:00"\n'])
def test_nobody_closes_for_holidays(tmp_path: Path, windows: str) -> None:
    """Then the table matters to nobody."""
    assert looked(tmp_path, windows=windows, days=-1) == []


def test_a_table_that_cannot_be_read_is_found(tmp_path: Path) -> None:
    """By line, as other tables."""
    (tmp_path / "ngay_nghi.csv").write_text("code,vi,en,valid_from,valid_to\nmai,,,,\n", encoding="utf-8")
    assert looked(tmp_path) == [Verdict.WRONG]
