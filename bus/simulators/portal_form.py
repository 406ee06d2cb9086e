"""Checks the form of what the portal receives: mandatory members, codes, dates, and that every scalar is text.

Written from the field tables of the contract, not from any map: an independent reading is what a simulator is for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from schemas.jsondoc import JsonValue

_DOSSIER = (
    "MaHoSo", "MaTTHC", "TenTTHC", "MaLinhVuc", "TenLinhVuc", "LoaiDoiTuong", "NgayTiepNhan", "TrangThaiHoSo",
    "HinhThuc", "DonViXuLy",
)  # fmt: skip
_STEP = ("MaHoSo", "NguoiXuLy", "ThoiDiemXuLy", "NoiDungXuLy", "TrangThai")
_STATUS = ("MaHoSo", "NgayXuLy", "TrangThai")

_DATES = ("NgayTiepNhan", "NgayHenTra", "NgayTra", "NgayKetThucXuLy", "ThoiDiemXuLy", "NgayBatDau", "NgayXuLy",
          "NgayKetThucTheoQuyDinh", "NgayTuChoi", "NgayNopHoSo")  # fmt: skip
_CODES: Mapping[str, frozenset[str]] = {
    "TrangThaiHoSo": frozenset(str(code) for code in range(1, 11)),
    "LoaiDoiTuong": frozenset("1234"),
    "HinhThuc": frozenset("01"),
    "KenhThucHien": frozenset("123"),
    "HoSoCoThanhPhanSoHoa": frozenset("01"),
    "TaiKhoanDuocXacThucVoiVNeID": frozenset("01"),
}
_LISTS = ("TaiLieuNop", "DanhSachLePhi", "DanhSachTepDinhKemKhac", "DanhSachHoSoBoSung", "DanhSachGiayToKetQua",
          "TaiLieuXuLy", "DinhDanhCHS", "DSKetNoiCSDL")  # fmt: skip
_TEXT_LIMITS = {"NguoiXuLy": 50, "TrichYeuHoSo": 1000, "GhiChu": 2000}
_STAMP = re.compile(r"\d{14}")


def check_dossier(item: JsonValue) -> str:
    """Why a DongBoHoSoMC item is refused, in the portal's words; "" = it is not."""
    return _check(item, _DOSSIER, needed=("NgayHenTra",))


def check_step(item: JsonValue) -> str:
    """Why a CapNhatTienDoHoSoMC item is refused; "" = it is not."""
    return _check(item, _STEP, codes={"TrangThai": _CODES["TrangThaiHoSo"]})


def check_status(item: JsonValue) -> str:
    """Why a DongBoTrangThaiHoSo object is refused; "" = it is not. Its status codes are collapsed per upstream."""
    return _check(item, _STATUS)


def _check(
    item: JsonValue,
    mandatory: tuple[str, ...],
    *,
    needed: tuple[str, ...] = (),
    codes: Mapping[str, frozenset[str]] | None = None,
) -> str:
    if not isinstance(item, dict):
        return "Phần tử của data phải là đối tượng"
    for name in mandatory:
        value = item.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            return f"Thiếu trường bắt buộc {name}"
    for name in needed:  # must stand there, may be empty
        if name not in item:
            return f"Thiếu trường {name}"
    for path, value in _scalars(item, ""):
        if not isinstance(value, str):
            return f"Trường {path} phải là chuỗi"
    return next(_faults(item, {**_CODES, **(codes or {})}), "")


def _faults(item: Mapping[str, JsonValue], codes: Mapping[str, frozenset[str]]) -> Iterator[str]:
    for name in _LISTS:
        if name in item and not isinstance(item[name], list):
            yield f"Trường {name} phải là danh sách"
    for name, value in item.items():
        if not isinstance(value, str) or not value:
            continue
        if name in _DATES and not is_stamp(value):
            yield f"Trường {name} sai định dạng yyyyMMddHHmmss"
        if name in codes and value not in codes[name]:
            yield f"Trường {name} có mã không hợp lệ"
        if len(value) > _TEXT_LIMITS.get(name, 4000) and name != "DuLieuKySo":
            yield f"Trường {name} quá dài"


def is_stamp(text: str) -> bool:
    """True for yyyyMMddHHmmss with a real date and time."""
    if not _STAMP.fullmatch(text):
        return False
    try:
        datetime.strptime(text, "%Y%m%d%H%M%S")  # noqa: DTZ007  # the portal's times carry no offset
    except ValueError:
        return False
    return True


def _scalars(value: JsonValue, path: str) -> Iterator[tuple[str, JsonValue]]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _scalars(one, f"{path}/{name}")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _scalars(one, f"{path}/{number}")
    else:
        yield path, value
