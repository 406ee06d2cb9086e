"""The desk's SOAP, written by hand from the field tables: independent of the bus's own reading of the contract."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from lxml import etree

from bus.simulators.desk import Meaning, Reply, Said
from schemas import xmldoc
from schemas.problem import Refused

NAMESPACE = "http://hoso.provider.exch.sharedservice.dtt.vn/"
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"

# Members in the order the contract fixes; those without a value are left out.
DOCUMENT = (
    "gioiTinh", "hoTenNguoiNop", "maDonViTiepNhan", "maLoaiHoSo", "maNguoiTiepNhan", "maSoHoSo", "maTinhThuongTru",
    "moTaDiaChiThuongTru", "ngayHenTra", "ngayNopHoSo", "ngaySinh", "soCmnd", "tenNguoiTiepNhan",
)  # fmt: skip
STATUS = (
    "maNguoiXuLyHienTai", "maNguoiXuLyKeTiep", "maSoHoSo", "ngayGioLuanChuyen", "ngayHenTra", "noiDungYeuCauXuLy",
    "onlineId", "soGioThucHien", "soGioYeuCauXuLy", "tenNguoiXuLyHienTai", "tenNguoiXuLyKeTiep",
    "tenPhongBanXuLyHienTai", "tenPhongBanXuLyKeTiep", "trangThaiHienTai", "trangThaiKeTiep",
)  # fmt: skip
RESULT = (
    "lePhiHoSo", "maCanBoTraKetQua", "maSoHoSo", "ngayHoanThanh", "ngayNhanKetQua", "phiXuLyHoSo",
    "tenCanBoTraKetQua", "tenNguoiNhanKetQua",
)  # fmt: skip
_LISTS = {
    "pushDocument": ("ossDocumentSoapList", DOCUMENT),
    "updateStatus": ("documentStatusSoapList", STATUS),
    "updateResult": ("documentResultSoapList", RESULT),
}


@dataclass(frozen=True, slots=True)
class Voice:
    """Who speaks, and in which version of SOAP."""

    user: str
    password: str
    soap12: bool

    def headers(self) -> dict[str, str]:
        """HTTP headers of a call; the SOAPAction is empty in this contract."""
        if self.soap12:
            return {"Content-Type": 'application/soap+xml; charset=utf-8; action=""'}
        return {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}

    def records(self, operation: str, records: Iterable[dict[str, str]]) -> bytes:
        """The request of pushDocument, updateStatus or updateResult."""
        name, members = _LISTS[operation]
        parts = [
            f"<{name}>"
            + "".join(_member(member, record[member]) for member in members if member in record)
            + f"</{name}>"
            for record in records
        ]
        return self.envelope(operation, "".join(parts))

    def signal(self, ids: Sequence[int]) -> bytes:
        """The request of updateSendSignal."""
        return self.envelope("updateSendSignal", "".join(_member("idList", str(one)) for one in ids))

    def envelope(self, operation: str, inside: str = "") -> bytes:
        """Any request; credentials come first, the password before the name."""
        soap = SOAP12 if self.soap12 else SOAP11
        who = _member("password", self.password) + _member("userName", self.user)
        return (
            f'<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="{soap}"><soap:Body>'
            f'<ns2:{operation} xmlns:ns2="{NAMESPACE}"><arg0>{who}{inside}</arg0></ns2:{operation}>'
            "</soap:Body></soap:Envelope>"
        ).encode()


def read_reply(reply: Reply) -> Said:
    """What a reply means: errCode 0 taken, 9 and lost connections again, the rest refused for good."""
    if reply.status == 0:
        return Said(Meaning.AGAIN, "no-answer", reply.detail)
    returned = returned_element(reply)
    if returned is None:
        return _without_return(reply)
    code = returned.findtext("errCode", "0").strip()
    text = returned.findtext("errMsg", "")
    if code == "0":
        return Said(Meaning.ACCEPTED, code, text)
    return Said(Meaning.AGAIN if code == "9" else Meaning.REFUSED, code, text)


def returned_element(reply: Reply) -> etree._Element | None:
    """The `return` of a reply, of either version of SOAP; None if there is none."""
    body = _soap_body(reply)
    if body is None or len(body) != 1 or etree.QName(body[0]).namespace != NAMESPACE:
        return None
    return body[0].find("return")


def _without_return(reply: Reply) -> Said:
    body = _soap_body(reply)
    fault = body[0] if body is not None and len(body) and etree.QName(body[0]).localname == "Fault" else None
    if fault is None:
        again = reply.status >= 500 or reply.status < 400
        return Said(Meaning.AGAIN if again else Meaning.REFUSED, f"http-{reply.status}")
    code = fault.findtext("faultcode") or fault.findtext(f"{{{SOAP12}}}Code/{{{SOAP12}}}Value") or ""
    theirs = code.rpartition(":")[2] in ("Server", "Receiver")
    return Said(Meaning.AGAIN if theirs else Meaning.REFUSED, code.rpartition(":")[2] or "fault")


def _soap_body(reply: Reply) -> etree._Element | None:
    try:
        root = xmldoc.parse(reply.body)
    except Refused:
        return None
    return next((found for soap in (SOAP11, SOAP12) if (found := root.find(f"{{{soap}}}Body")) is not None), None)


def _member(name: str, value: str) -> str:
    return f"<{name}>{escape(value)}</{name}>"
