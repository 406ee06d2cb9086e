"""Receiving hours: the table of public holidays is there, right, and goes on long enough."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from bus.days import local_day
from bus.doctor.finding import Finding, good, note, of_refused, wrong
from bus.holidays import holiday_file, load_holidays, read_rows
from bus.settings import Settings
from bus.windows import read_windows
from schemas.problem import Refused

_SOON = timedelta(days=60)


def look_at_hours(settings: Settings) -> Iterator[Finding]:
    """Only where an endpoint closes on holidays."""
    with_hours = {name: read_windows(one.windows) for name, one in settings.endpoints.items() if one.windows}
    if not any(windows.closed_on_holidays for windows in with_hours.values()):
        return
    file = str(holiday_file(settings.folder))
    try:
        last = load_holidays(settings.folder).last
    except Refused as refused:
        yield from of_refused("hours", file, refused)
        return
    today = local_day(datetime.now(UTC))
    yield _length(file, last, today)
    rows, _ = read_rows(settings.folder)
    guessed = [date.fromisoformat(row.code) for row in rows if row.columns.get("unverified") == "yes"]
    if near := [day for day in guessed if today <= day < today + _SOON]:
        days = ", ".join(f"{day:%d/%m/%Y}" for day in near)
        yield note("hours", file, f"ngày nghỉ chưa có thông báo: {days}", f"holidays not announced yet: {days}")


def _length(file: str, last: date | None, today: date) -> Finding:
    if last is None or last < today:
        return wrong("hours", file, "LT-DOC-060", file=file, last=f"{last:%d/%m/%Y}" if last else "–")
    if last - today < _SOON:
        return note(
            "hours", file, f"bảng ngày nghỉ sắp hết: đến {last:%d/%m/%Y}, hãy thêm năm sau",
            f"the table of holidays ends soon, on {last:%d/%m/%Y}: add the next year",
        )  # fmt: skip
    return good("hours", file, f"ngày nghỉ đến {last:%d/%m/%Y}", f"holidays until {last:%d/%m/%Y}")
