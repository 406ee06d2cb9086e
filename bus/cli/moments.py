"""Reads the moments and spans people type: "2h", "3d", "06/07/2026", "2026-07-06T08:00"."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from bus.cli.out import HERE

_SPAN = re.compile(r"(\d{1,5})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_FORMS = ("%d/%m/%Y", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S")


def read_moment(text: str, *, now: datetime) -> datetime:
    """An aware moment; without an offset it is Vietnam's time. A span is that long ago.

    >>> from datetime import UTC
    >>> read_moment("2h", now=datetime(2026, 7, 6, 8, tzinfo=UTC)).isoformat()
    '2026-07-06T06:00:00+00:00'
    >>> read_moment("06/07/2026", now=datetime(2026, 7, 6, 8, tzinfo=UTC)).isoformat()
    '2026-07-06T00:00:00+07:00'

    Raises:
        ValueError: it is none of these.
    """
    text = text.strip()
    if span := _SPAN.fullmatch(text):
        return now - timedelta(**{_UNITS[span[2]]: int(span[1])})
    for form in _FORMS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=HERE)
        except ValueError:
            continue
    found = datetime.fromisoformat(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=HERE)
