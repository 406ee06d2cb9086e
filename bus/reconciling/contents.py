"""What a canonical element says that two sides can be compared by: status, dates, codes, how many papers. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from lxml import etree

from bus.canonical import text_at
from bus.days import VIETNAM

STATUS = "TrangThai"
_CODES = ("ThuTuc/Ma", "KenhThucHien", "HinhThucTra")
_MOMENTS = ("NgayTiepNhan", "NgayHenTra", "NgayKetThucXuLy", "NgayTra")
_COUNTED = ("TepDinhKem", "GiayToKetQua")


def content_of(element: etree._Element) -> Mapping[str, str]:
    """By canonical path; what the element does not say is left out. No citizen's data."""
    found = {path: text for path in _CODES if (text := text_at(element, path))}
    found |= {path: _moment(text) for path in _MOMENTS if (text := text_at(element, path))}
    for name in _COUNTED:
        if many := len(element.findall(f"{{*}}{name}")):
            found[f"{name} (số lượng)"] = str(many)
    return found


def status_of(element: etree._Element) -> str:
    """The status; "" = it says none."""
    return text_at(element, STATUS)


def _moment(text: str) -> str:
    """The same moment is the same text, whatever offset it is written with; seconds, as partners keep them."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    local = moment.astimezone(VIETNAM) if moment.tzinfo is not None else moment.replace(tzinfo=VIETNAM)
    return local.isoformat(timespec="seconds")
