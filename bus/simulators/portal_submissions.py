"""The calls of the simulated portal: new submissions and look-ups, with invented people and files."""

from __future__ import annotations

import json
import random
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta

from bus.simulators.desk import Call, Meaning, Reply, Said
from bus.simulators.ledger import Item
from bus.simulators.marks import write_mark
from bus.simulators.options import PortalOptions
from bus.simulators.people import Person, person
from schemas.jsondoc import loads
from schemas.problem import Refused


def submission(number: int, *, options: PortalOptions, procedure: str, files: int, key: str, now: datetime) -> Call:
    """Call `addtthcKhuyenMai` for submission `number`, with `files` attachments besides the application."""
    somebody = person(number, seed=options.seed + 500)
    licence = procedure in options.licence_procedures
    code = f"QG-{options.seed:03d}-{number:06d}"
    tax = f"0999{number % 1_000_000:06d}"
    owner = somebody.name if licence else f"Công ty TNHH {somebody.name}"
    names = (code, somebody.email, tax)
    receiver = "dlms" if licence else "cmon"
    items = [Item("ho_so", code, 0, names=names, content={"name": owner}, to=(receiver,))]
    if licence:
        items += [
            Item("tep_dinh_kem", code, one, names=names, content=_content(code, one, files), to=(receiver,))
            for one in range(1, files + 1)
        ]
    body = _body(somebody, code=code, procedure=procedure, owner=owner, tax=tax, now=now - timedelta(hours=1))
    body["TaiLieuNop"] = [
        {"TenTepDinhKem": f"Phụ lục {one}.pdf", "Base64": _file(code, one, files, options.attachment_bytes)}
        for one in range(1, files + 1)
    ]
    return _call(options, "addtthcKhuyenMai", "/addtthcKhuyenMai", body=body, items=tuple(items), key=key)


def look_up(code: str, *, options: PortalOptions, key: str) -> Call:
    """Call `search/call` for a dossier."""
    body = {"madonvi": "000.00.00.G99", "service": "TraCuuHoSo", "masohoso": code}
    return _call(options, "search/call", "/search/call", body=body, items=(Item("tra_cuu", code, -1),), key=key)


def read_reply(reply: Reply) -> Said:
    """The reply rules of callbacks: 0 taken, 1 a duplicate (it is there), -1 no; anything else is tried again."""
    if reply.status == 0 or reply.status >= 500:
        return Said(Meaning.AGAIN, f"http-{reply.status}", reply.detail)
    try:
        value = loads(reply.body)
    except Refused:
        return Said(Meaning.AGAIN, "not-json")
    if not isinstance(value, dict):
        return Said(Meaning.AGAIN, "not-object")
    code, text = str(value.get("error_code", "")), str(value.get("message", ""))
    if not code and "MaHoSo" in value:  # search/call answers the flat record
        return Said(Meaning.ACCEPTED, "0")
    if reply.status >= 400:
        return Said(Meaning.REFUSED, code or f"http-{reply.status}", text)
    return Said(Meaning.ACCEPTED if code in ("0", "1") else Meaning.REFUSED, code, text)


def _call(
    options: PortalOptions, service: str, path: str, *, body: Mapping[str, object], items: tuple[Item, ...], key: str
) -> Call:
    return Call(
        service=service,
        url=options.callback.rstrip("/") + path,
        body=json.dumps(body, ensure_ascii=False).encode(),
        headers={
            "Content-Type": "application/json; charset=utf-8",
            "Accept": "application/json",
            **({options.callback_header: key} if key else {}),
        },
        items=items,
        read=read_reply,
    )


def _body(somebody: Person, *, code: str, procedure: str, owner: str, tax: str, now: datetime) -> dict[str, object]:
    return {
        "MaHoSo": code,
        "MaTTHC": procedure,
        "SoVanBan": f"{code[-6:]}/TB",
        "NgayNopHoSo": now.strftime("%Y%m%d%H%M%S"),
        "TenThuongNhan": owner,
        "DiaChiDoanhNghiep": {"MaTinh": "99", "MaHuyen": "", "MaXa": "99001", "DiaChiChiTiet": somebody.address},
        "DienThoai": somebody.mobile,
        "Fax": "",
        "Email": somebody.email,
        "MaSoThue": tax,
        "NguoiLienHe": somebody.name,
        "SoDienThoaiNguoiLienHe": somebody.mobile,
        "TenChuongTrinhKhuyenMai": "Tri ân khách hàng",
        "HinhThucKhuyenMai": "Giảm giá",
        "ThoiGianKhuyenMaiTu": (now + timedelta(days=30)).strftime("%Y%m%d000000"),
        "ThoiGianKhuyenMaiDen": (now + timedelta(days=60)).strftime("%Y%m%d235959"),
        "HangHoaDichVuKhuyenMai": "Văn phòng phẩm",
        "SoLuongHangHoaDichVu": "1000",
        "KhachHang": "Mọi khách hàng",
        "CoCauGiaiThuong": "",
        "TongGiaTriHangHoa": "50000000",
        "NoiDungChiTiet": "Giảm 10%",
        "TenCacThuongNhanCungThucHien": "",
        "TenTepDonDangKy": "Đơn đăng ký.pdf",
        "TepDonDangKy": _file(code, 0, 0, 200),
    }


def _content(code: str, number: int, total: int) -> dict[str, str]:
    return {"text": write_mark(number, total, action="phụ lục", dossier=code)}


def _file(code: str, number: int, total: int, size: int) -> str:
    """A made-up file whose first lines say which it is; the same for the same numbers."""
    mark = _content(code, number, total)["text"] if number else f"đơn [{code}]"
    head = f"%PDF-1.4\n% {mark}\n".encode()
    source = random.Random(f"file:{code}:{number}")  # noqa: S311  # filler bytes
    return b64encode(head + source.randbytes(max(0, size - len(head)))).decode("ascii")
