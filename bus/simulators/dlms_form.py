"""Checks what the driving-licence office receives: all members in their fixed order, dates, cut upper-case names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from lxml import etree

NAMESPACE = "http://tempuri.org/"

MEMBERS = (
    "DonViNhanHSo1", "HoDemNLX1", "TenNLX1", "HoVaTen1", "MaQuocTich1", "NgaySinh1", "NoiTT1", "NoiTT_MaDVHC1",
    "NoiTT_MaDVQL1", "NoiCT1", "NoiCT_MaDVHC1", "NoiCT_MaDVQL1", "SoCMT1", "NgayCapCMT1", "TrangThai1", "GioiTinh1",
    "HoVaTenIn1", "SoHoSo1", "MaSoGTVT1", "MaDVNhanHSo1", "NgayNhanHSo1", "NguoiNhanHSo1", "NgayHenTra1",
    "MaLoaiHs1", "TT_XuLy1", "SoGPLXDaCo1", "HangGPLXDaCo1", "DonViCapGPLXDaCo1", "NoiCapGPLXDaCo1",
    "NgayCapGPLXDaCo1", "NgayHHGPLXDaCo1", "NgayTTGPLXDaCo1", "HangGPLX1", "GiayCNSK1", "LyDoCapDoi1",
    "MucDichCapDoi1", "GhiChu1", "MaHTCap1", "Transfer_flag1", "NamcapLandau1",
)  # fmt: skip
TIMES = ("NgaySinh1", "NgayCapCMT1", "NgayCapGPLXDaCo1", "NgayHHGPLXDaCo1", "NgayTTGPLXDaCo1")  # never empty
_DAYS = ("NgayNhanHSo1", "NgayHenTra1")  # dd/MM/yyyy
_NEEDED = ("HoVaTen1",)
_LONGEST = {"HoDemNLX1": 25, "TenNLX1": 25, "HoVaTen1": 50, "HoVaTenIn1": 50}
_PARALLEL = ("SoGPLXDaCo1", "HangGPLXDaCo1", "DonViCapGPLXDaCo1", "NoiCapGPLXDaCo1")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})?")


def check_registration(record: etree._Element) -> str:
    """Why a `dongBoQuyTrinh` is refused, as a sentence; "" = it is not."""
    return next(_faults(record), "")


def _faults(record: etree._Element) -> Iterator[str]:
    names = [etree.QName(member) for member in record]
    foreign = next((name.text for name in names if name.namespace != NAMESPACE), None)
    if foreign is not None:
        yield f"Lỗi: phần tử {foreign} không thuộc không gian tên của dịch vụ"
        return
    given = [name.localname for name in names]
    places = [MEMBERS.index(name) if name in MEMBERS else -1 for name in given]
    for name, place, before in zip(given, places, [-1, *places], strict=False):
        if place < 0:
            yield f"Lỗi: không có trường {name}"
        elif place <= before:
            yield f"Lỗi: trường {name} sai thứ tự"
    values = {name: (member.text or "") for name, member in zip(given, record, strict=True)}
    yield from _missing(values)
    yield from _texts(values)


def _missing(values: dict[str, str]) -> Iterator[str]:
    for name in TIMES:
        if not is_time(values.get(name, "")):
            yield f"Lỗi: trường {name} không phải ngày giờ hợp lệ"
    for name in _NEEDED:
        if not values.get(name, "").strip():
            yield f"Lỗi: thiếu trường {name}"
    for name in _DAYS:
        if values.get(name) and not _is_day(values[name]):
            yield f"Lỗi: trường {name} sai định dạng dd/MM/yyyy"


def _texts(values: dict[str, str]) -> Iterator[str]:
    for name, longest in _LONGEST.items():
        value = values.get(name, "")
        if len(value) > longest:
            yield f"Lỗi: trường {name} dài quá {longest} ký tự"
        if value != value.upper():
            yield f"Lỗi: trường {name} phải viết hoa"
    if not values.get("HoVaTenIn1", "").isascii():
        yield "Lỗi: trường HoVaTenIn1 phải không dấu"
    counts = {values[name].count("|") for name in _PARALLEL if values.get(name)}
    if len(counts) > 1:
        yield "Lỗi: danh sách giấy phép đã có không khớp nhau"


def is_time(text: str) -> bool:
    """True for a real xs:dateTime; 9999-12-31 stands for "none" and is one."""
    if not _TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_day(text: str) -> bool:
    try:
        datetime.strptime(text, "%d/%m/%Y")  # noqa: DTZ007  # a day has no offset
    except ValueError:
        return False
    return len(text) == 10
