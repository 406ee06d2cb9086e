"""Receiving hours: when is open, when it opens next, across nights, weekends, holidays and year ends."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bus.days import VIETNAM
from bus.holidays import load_holidays
from bus.reading import Misread
from bus.settings import packaged_defaults
from bus.windows import ALWAYS, read_windows, write_windows
from schemas.problem import Refused

OFFICE = "T2-T6 07:30-11:30,13:00-17:00; nghi_le"


def here(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM).astimezone(UTC)


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2026-07-06T08:00", "2026-07-06T08:00"),  # Monday, open
        ("2026-07-06T07:29:59", "2026-07-06T07:30"),
        ("2026-07-06T11:30", "2026-07-06T13:00"),  # the end is closed
        ("2026-07-10T17:00", "2026-07-13T07:30"),  # Friday evening
        ("2026-02-13T18:00", "2026-02-23T07:30"),  # the whole of Tet
        ("2026-08-22T09:00", "2026-08-22T09:00"),  # a Saturday made up for a Monday
        ("2026-08-28T17:00", "2026-09-03T07:30"),
        ("2026-12-31T17:00", "2027-01-04T07:30"),  # New Year and a weekend
    ],
)
def test_it_opens_next(at: str, opens: str) -> None:
    """In Viet Nam's time, under the table that is shipped."""
    windows = read_windows(OFFICE).with_holidays(load_holidays(packaged_defaults()))
    assert windows.opens(here(at)) == here(opens)


def test_without_the_word_holidays_are_days_like_others() -> None:
    """A receiver that never closes for them."""
    windows = read_windows("Mon-Fri 07:30-17:00").with_holidays(load_holidays(packaged_defaults()))
    assert windows.is_open(here("2026-09-02T08:00"))


def test_nothing_written_is_always_open() -> None:
    """The default."""
    assert read_windows("") == ALWAYS
    assert ALWAYS.is_open(here("2026-02-17T03:00"))


def test_both_tongues_read_alike() -> None:
    """And are written in one."""
    english = read_windows("mon-fri 07:30-17:00; Sat,Sun 08:00-24:00; holidays-off")
    assert english == read_windows("T2-T6 07:30-17:00; T7-CN 08:00-24:00; nghi_le")
    assert write_windows(english) == "T2-T6 07:30-17:00; T7-CN 08:00-24:00; nghi_le"


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("T8 07:30-17:00", 1, "weekday"),
        ("T6-T2 07:30-17:00", 1, "last day"),
        ("T2 7:30-17:00", 4, "07:30"),
        ("T2 17:00-07:30", 4, "after the opening"),
        ("T2 07:30-12:00,11:00-13:00", 16, "after those"),
        ("T2-T6 07:30-17:00; T3 01:00-02:00", 20, "once"),
        ("T2 07:30-17:00; nghi_le; T3 01:00-02:00", 24, "the end"),
    ],
)
def test_hours_that_cannot_be_read_name_the_place(text: str, position: int, expected: str) -> None:
    """The character, counted from 1, and what was expected there."""
    with pytest.raises(Misread) as caught:
        read_windows(text)
    assert (caught.value.position + 1, expected in caught.value.en) == (position, True)


def test_an_own_table_of_holidays_wins(tmp_path: Path) -> None:
    """The one in the configuration folder; a line that is no day is named."""
    table = tmp_path / "ngay_nghi.csv"
    table.write_text("code,vi,en,valid_from,valid_to,replaces\n2026-07-06,Hội,Fair,,,\n", encoding="utf-8")
    windows = read_windows(OFFICE).with_holidays(load_holidays(tmp_path))
    assert windows.opens(here("2026-07-06T08:00")) == here("2026-07-07T07:30")
    table.write_text("code,vi,en,valid_from,valid_to,replaces\nmai,Hội,Fair,,,\n", encoding="utf-8")
    with pytest.raises(Refused, match="LT-CODE-001"):
        load_holidays(tmp_path)
