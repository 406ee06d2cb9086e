"""How a partner writes dates and times: `dd/MM/yyyy`, `yyyyMMddHHmmss`, `iso` and the like, read strictly."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from adapters.mapping.values import Fault

# Fixed, not from a time-zone database: what departments write today means +07:00, also for dates before 1975.
HANOI = timezone(timedelta(hours=7))

_TOKEN = re.compile(r"yyyy|MM|dd|HH|mm|ss|SSS|M|d|H")
_PARTS = {
    "yyyy": ("year", "[0-9]{4}", "{0.year:04d}"),
    "MM": ("month", "[0-9]{2}", "{0.month:02d}"),
    "M": ("month", "[0-9]{1,2}", "{0.month}"),
    "dd": ("day", "[0-9]{2}", "{0.day:02d}"),
    "d": ("day", "[0-9]{1,2}", "{0.day}"),
    "HH": ("hour", "[0-9]{2}", "{0.hour:02d}"),
    "H": ("hour", "[0-9]{1,2}", "{0.hour}"),
    "mm": ("minute", "[0-9]{2}", "{0.minute:02d}"),
    "ss": ("second", "[0-9]{2}", "{0.second:02d}"),
    "SSS": ("fraction", "[0-9]{1,9}", "{1}"),
}
_DATE_LIKE = re.compile(r"[0-9TZ:./+ -]{1,40}")
_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)


@dataclass(frozen=True, slots=True)
class Layout:
    """One way of writing a moment. `read` gives an aware time or a Fault; `write` takes an aware time."""

    format: str
    has_time: bool
    read: Callable[[str], datetime | Fault]
    write: Callable[[datetime], str]


def layout(format: str, *, time: bool = True) -> Layout | Fault:
    """The layout of a declared format; `time` says whether `iso` is written with a time of day.

    >>> day = layout("dd/MM/yyyy")
    >>> day.read("06/07/2026").isoformat()
    '2026-07-06T00:00:00+07:00'
    >>> print(day.read("6/7/2026"))
    “6/7/2026” is not written dd/MM/yyyy
    >>> print(day.read("31/02/2026"))
    “31/02/2026” is written dd/MM/yyyy but there is no such date or time
    >>> print(layout("dd/mm/yyyy"))
    format="dd/mm/yyyy" cannot be used: thiếu MM (tháng) / MM (month) is missing
    """
    if format in _ISO_WRITERS:
        return Layout(format, time, lambda text: read_iso(text, format), _ISO_WRITERS[format] if time else _write_day)
    try:
        pattern, template, names = _compiled(format)
    except ValueError as wrong:
        return Fault("LT-MAP-014", {"option": "format", "value": format, "why": str(wrong)})
    return Layout(
        format,
        bool(names & {"hour", "minute", "second"}),
        lambda text: _read(text, format, pattern),
        lambda moment: template.format(local := moment.astimezone(HANOI), f"{local.microsecond // 1000:03d}"),
    )


def read_iso(text: str, format: str = "iso") -> datetime | Fault:
    """A date or time as XML writes it; without an offset it is Vietnamese time.

    >>> read_iso("2026-07-06T18:30:00Z").isoformat()
    '2026-07-07T01:30:00+07:00'
    >>> read_iso("2026-07-06").isoformat()
    '2026-07-06T00:00:00+07:00'
    >>> print(read_iso("06/07/2026"))
    “06/07/2026” is not written iso
    """
    found = _ISO.fullmatch(text.strip())
    if not found:
        return Fault("LT-MAP-101", {"value": shown(text), "format": format})
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    try:
        moment = datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            _micro(fraction),
            _zone(offset),
        )
        return moment if moment.tzinfo is HANOI else moment.astimezone(HANOI)
    except (ValueError, OverflowError):
        return Fault("LT-MAP-102", {"value": text.strip(), "format": format})


def shown(text: str) -> str:
    """What stood where a date should: quoted only if it looks like one, for it may be a name that slipped.

    >>> shown(" 31-02-2026 "), shown("Đỗ Thị Mẫu")
    ('31-02-2026', '•••')
    """
    return text.strip() if _DATE_LIKE.fullmatch(text.strip()) else "•••"


def _read(text: str, format: str, pattern: re.Pattern[str]) -> datetime | Fault:
    found = pattern.fullmatch(text.strip())
    if not found:
        return Fault("LT-MAP-101", {"value": shown(text), "format": format})
    part = found.groupdict()
    fraction = _micro(part.pop("fraction", None))
    try:
        return datetime(**{name: int(value) for name, value in part.items()}, microsecond=fraction, tzinfo=HANOI)
    except ValueError:
        return Fault("LT-MAP-102", {"value": text.strip(), "format": format})


def _compiled(format: str) -> tuple[re.Pattern[str], str, set[str]]:
    pattern, template, names, at = "", "", set[str](), 0
    for token in _TOKEN.finditer(format):
        literal = format[at : token.start()]
        name, part, written = _PARTS[token[0]]
        if name in names:
            raise ValueError(f"{token[0]} đứng hai lần / stands twice")
        names.add(name)
        pattern += re.escape(literal) + f"(?P<{name}>{part})"
        template += literal.replace("{", "{{").replace("}", "}}") + written
        at = token.end()
    pattern += re.escape(format[at:])
    template += format[at:].replace("{", "{{").replace("}", "}}")
    for name, token_name, vi in (("year", "yyyy", "năm"), ("month", "MM", "tháng"), ("day", "dd", "ngày")):
        if name not in names:
            raise ValueError(f"thiếu {token_name} ({vi}) / {token_name} ({name}) is missing")
    return re.compile(pattern), template, names


def _micro(fraction: str | None) -> int:
    return int(fraction[:6].ljust(6, "0")) if fraction else 0


def _zone(offset: str | None) -> timezone:
    if offset is None or offset == "+07:00":
        return HANOI
    if offset == "Z":
        return UTC
    sign = -1 if offset[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(offset[1:3]), minutes=int(offset[4:])))


def _write_day(moment: datetime) -> str:
    return moment.astimezone(HANOI).date().isoformat()


# iso is written with its offset, iso-local without (ASMX), iso-utc with Z (Axis). All three read all three.
_ISO_WRITERS: dict[str, Callable[[datetime], str]] = {
    "iso": lambda moment: moment.astimezone(HANOI).isoformat(),
    "iso-local": lambda moment: moment.astimezone(HANOI).replace(tzinfo=None).isoformat(),
    "iso-utc": lambda moment: moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z",
}
