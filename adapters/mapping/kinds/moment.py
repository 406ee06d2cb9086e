"""Kinds of time: date, datetime. Read strictly in the declared format: no default, no guess, no impossible day."""

from __future__ import annotations

import re
from datetime import datetime

from adapters.mapping.kinds.contract import Kind, Pair, Setting, pair
from adapters.mapping.kinds.layout import Layout, layout, read_iso, shown
from adapters.mapping.values import Fault, MapContext
from schemas.shape import Scalar

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_OFFSET = re.compile(r".*(Z|[+-][0-9]{2}:[0-9]{2})")


def read_date(text: str, form: Layout, *, lossy: bool = False) -> str | Fault:
    """The partner's date as xs:date. A time other than midnight is refused unless declared lossy.

    >>> read_date("06/07/2026", layout("dd/MM/yyyy"))
    '2026-07-06'
    >>> read_date("2026-07-06T17:00:00Z", layout("iso"))
    '2026-07-07'
    >>> print(read_date("30/02/2026", layout("dd/MM/yyyy")))
    “30/02/2026” is written dd/MM/yyyy but there is no such date or time
    >>> print(read_date("20260706083000", layout("yyyyMMddHHmmss")))
    “20260706083000” has a time other than 00:00, the other side holds a date only
    """
    moment = form.read(text)
    if isinstance(moment, Fault):
        return moment
    if not lossy and (moment.hour or moment.minute or moment.second or moment.microsecond):
        return Fault("LT-MAP-103", {"value": text.strip()})
    return moment.date().isoformat()


def write_date(text: str, form: Layout) -> str | Fault:
    """An xs:date as the partner's date.

    >>> write_date("2026-07-06", layout("dd/MM/yyyy"))
    '06/07/2026'
    >>> print(write_date("06/07/2026", layout("dd/MM/yyyy")))
    “06/07/2026” is not written yyyy-MM-dd
    """
    if not _DAY.fullmatch(text):
        return Fault("LT-MAP-101", {"value": shown(text), "format": "yyyy-MM-dd"})
    moment = read_iso(text, "yyyy-MM-dd")
    return form.write(moment) if isinstance(moment, datetime) else moment


def read_datetime(text: str, form: Layout) -> str | Fault:
    """The partner's time, Vietnamese unless it says otherwise, as xs:dateTime with its offset.

    >>> read_datetime("20260706083000", layout("yyyyMMddHHmmss"))
    '2026-07-06T08:30:00+07:00'
    >>> print(read_datetime("20261306083000", layout("yyyyMMddHHmmss")))
    “20261306083000” is written yyyyMMddHHmmss but there is no such date or time
    """
    moment = form.read(text)
    return moment.isoformat() if isinstance(moment, datetime) else moment


def write_datetime(text: str, form: Layout, *, lossy: bool = False) -> str | Fault:
    """An xs:dateTime with offset as the partner's time.

    >>> write_datetime("2026-07-06T01:30:00Z", layout("yyyyMMddHHmmss"))
    '20260706083000'
    >>> print(write_datetime("2026-07-06T08:30:00", layout("yyyyMMddHHmmss")))
    The canonical time “2026-07-06T08:30:00” has no offset
    >>> print(write_datetime("2026-07-06T08:30:00+07:00", layout("dd/MM/yyyy")))
    “2026-07-06T08:30:00+07:00” has a time other than 00:00, the other side holds a date only
    """
    if not _OFFSET.fullmatch(text):
        return Fault("LT-MAP-104", {"value": shown(text)})
    moment = read_iso(text)
    if isinstance(moment, Fault):
        return moment
    if not form.has_time and not lossy and (moment.hour or moment.minute or moment.second):
        return Fault("LT-MAP-103", {"value": text})
    return form.write(moment)


def _date(setting: Setting) -> Pair | Fault:
    form = layout(setting.options["format"], time=setting.legacy is Scalar.DATETIME)
    if isinstance(form, Fault):
        return form
    return pair(lambda text: read_date(text, form, lossy=setting.lossy), lambda text: write_date(text, form))


def _datetime(setting: Setting) -> Pair | Fault:
    form = layout(setting.options["format"], time=setting.legacy is not Scalar.DATE)
    if isinstance(form, Fault):
        return form
    loss = "" if form.has_time else "bên cũ chỉ có ngày, mất giờ / the legacy side has a day only, the time is lost"
    return pair(
        lambda text: read_datetime(text, form), lambda text: write_datetime(text, form, lossy=setting.lossy), loss
    )


def _times(setting: Setting, _: MapContext) -> tuple[str, ...]:
    form = layout(setting.options["format"])
    if isinstance(form, Layout) and not form.has_time:
        return ("2026-07-06T00:00:00+07:00", "2024-02-29T00:00:00+07:00")
    return ("2026-07-06T08:30:00+07:00", "2024-02-29T23:59:59+07:00")


_TIMES = frozenset({Scalar.STRING, Scalar.DATE, Scalar.DATETIME, Scalar.INTEGER})

KINDS = (
    Kind(
        "date",
        "Ngày, đọc đúng dạng format đã khai.",
        "A date, read strictly in the declared format.",
        _date,
        samples=lambda *_: ("2026-07-06", "2024-02-29", "1999-12-31"),
        legacy=_TIMES,
        canonical=frozenset({Scalar.STRING, Scalar.DATE}),
        needs=("format",),
        shows_value=True,
    ),
    Kind(
        "datetime",
        "Thời điểm, giờ Việt Nam ở bên cũ, có múi giờ ở bản chuẩn.",
        "A time, Vietnamese on the legacy side, with its offset in the canonical form.",
        _datetime,
        samples=_times,
        legacy=_TIMES,
        canonical=frozenset({Scalar.STRING, Scalar.DATETIME}),
        needs=("format",),
        shows_value=True,
    ),
)
