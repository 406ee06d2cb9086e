"""When an endpoint may be sent to: office hours by weekday, in Viet Nam's time, with or without public holidays.

    T2-T6 07:30-11:30,13:00-17:00; nghi_le            working days, closed on public holidays
    Mon-Fri 07:30-17:00; Sat 07:30-11:30              also on Saturday mornings, holidays or not

A make-up day of the holiday table has the hours of the weekday it replaces. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

from bus.days import VIETNAM
from bus.reading import Line

Hours = tuple[tuple[int, int], ...]  # minutes of a day, from–to, in order, none touching another

DAYS = ("T2", "T3", "T4", "T5", "T6", "T7", "CN")
_ENGLISH = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_DAY = re.compile("|".join((*DAYS, *_ENGLISH)), re.IGNORECASE)
_TIME = re.compile(r"(?:([01][0-9]|2[0-3]):([0-5][0-9])|(24):(00))")
_CLOSED = ("nghi_le", "holidays-off")
_AHEAD = 800  # days looked through; no holiday lasts that long


@dataclass(frozen=True, slots=True)
class Holidays:
    """Public holidays, and working days made up for them."""

    off: frozenset[date] = frozenset()
    made_up: Mapping[date, int] = field(default_factory=dict)  # day → the weekday whose hours it has, 0 = Monday
    last: date | None = None  # the table ends here; None = it is empty


@dataclass(frozen=True, slots=True)
class Windows:
    """Hours of each weekday, Monday first."""

    days: tuple[Hours, ...]
    closed_on_holidays: bool = False
    holidays: Holidays = Holidays()

    def with_holidays(self, holidays: Holidays) -> Windows:
        """The same hours under a table."""
        return replace(self, holidays=holidays)

    def opens(self, at: datetime) -> datetime:
        """`at` if it is open then, else the next opening."""
        day = at.astimezone(VIETNAM).date()
        for ahead in range(_AHEAD):
            for begin, end in self._hours(day + timedelta(days=ahead)):
                if at < _moment(day + timedelta(days=ahead), end):
                    return max(at, _moment(day + timedelta(days=ahead), begin))
        return at

    def closed_until(self, at: datetime) -> tuple[datetime, str] | None:
        """When it opens again, and how an operator is told; None = it is open."""
        opens = self.opens(at)
        if opens == at:
            return None
        return opens, f"Ngoài giờ nhận, mở lại lúc {opens.astimezone(VIETNAM).strftime('%H:%M %d/%m/%Y')}"

    def is_open(self, at: datetime) -> bool:
        """May be sent to then."""
        return self.opens(at) == at

    def _hours(self, day: date) -> Hours:
        weekday = day.weekday()
        if self.closed_on_holidays:
            if day in self.holidays.off:
                return ()
            weekday = self.holidays.made_up.get(day, weekday)
        return self.days[weekday]


ALWAYS = Windows((((0, 24 * 60),),) * 7)


def read_windows(text: str) -> Windows:
    """The windows; holidays are to be added. "" = always open.

    >>> read_windows("T2-T6 07:30-17:00").days[5]
    ()

    Raises:
        Misread: with the place, and what was expected there.
    """
    if not text.strip():
        return ALWAYS
    line, closed = Line(text), False
    hours: dict[int, Hours] = {}
    while not closed:
        at = line.at
        weekdays = _weekdays(line)
        if len({*weekdays, *hours}) < len(weekdays) + len(hours):
            raise line.wrong("mỗi thứ chỉ nêu một lần", "each weekday once", at=at)
        hours |= dict.fromkeys(weekdays, _times(line))
        if not line.took(";"):
            break
        closed = any(line.took(word) for word in _CLOSED)
    line.end("“;”, “,” hoặc hết dòng", "“;”, “,” or the end")
    return Windows(tuple(hours.get(weekday, ()) for weekday in range(7)), closed)


def write_windows(windows: Windows) -> str:
    """The line that reads as these hours.

    >>> write_windows(read_windows("Mon-Fri 07:30-17:00; holidays-off"))
    'T2-T6 07:30-17:00; nghi_le'
    """
    parts: list[str] = []
    first = 0
    while first < len(DAYS):
        last = first
        while last + 1 < len(DAYS) and windows.days[last + 1] == windows.days[first]:
            last += 1
        if windows.days[first]:
            days = DAYS[first] if first == last else f"{DAYS[first]}-{DAYS[last]}"
            parts.append(f"{days} {','.join(f'{_clock(a)}-{_clock(b)}' for a, b in windows.days[first])}")
        first = last + 1
    return "; ".join([*parts, _CLOSED[0]] if windows.closed_on_holidays else parts)


def _weekdays(line: Line) -> list[int]:
    found: list[int] = []
    while True:
        at = line.at
        first = last = _weekday(line)
        if line.took("-"):
            last = _weekday(line)
        if last < first:
            raise line.wrong("ngày cuối không trước ngày đầu", "a last day not before the first", at=at)
        found += range(first, last + 1)
        if not line.took(","):
            return found


def _weekday(line: Line) -> int:
    word = line.match(_DAY, "thứ: T2…T7, CN (hay Mon…Sun)", "a weekday: Mon…Sun (or T2…T7, CN)")[0].upper()
    return DAYS.index(word) if word in DAYS else _ENGLISH.index(word)


def _times(line: Line) -> Hours:
    found: list[tuple[int, int]] = []
    while True:
        at = line.at
        begin = _minute(line)
        line.need("-")
        end = _minute(line)
        if end <= begin:
            raise line.wrong("giờ đóng sau giờ mở", "a closing after the opening", at=at)
        if found and begin <= found[-1][1]:
            raise line.wrong("khoảng giờ sau khoảng trước", "hours after those before", at=at)
        found.append((begin, end))
        if not line.took(","):
            return tuple(found)


def _minute(line: Line) -> int:
    found = line.match(_TIME, "giờ như 07:30", "a time like 07:30")
    return int(found[1] or found[3]) * 60 + int(found[2] or found[4])


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _moment(day: date, minute: int) -> datetime:
    return datetime.combine(day, time(), VIETNAM).astimezone(UTC) + timedelta(minutes=minute)
