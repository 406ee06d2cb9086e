"""What no pair can say: an address put together, a sum, sizes; and an e-mail address in small letters."""

from __future__ import annotations

from lxml import etree

from adapters.mapping.kinds import Kind, pair
from schemas.shape import Scalar

KINDS = (
    Kind(
        "lower-email",
        "Thư điện tử viết thường cả.",
        "An e-mail address, all in small letters.",
        lambda _: pair(str.strip, str.lower, "chữ hoa mất / capitals are lost"),
        legacy=frozenset({Scalar.STRING}),
    ),
)


def finish_dossier(canonical: etree._Element, made: etree._Element) -> None:
    """Appends the computed members; the schema has them last."""
    street = canonical.findtext("{*}ChuHoSo/{*}ThuongTru/{*}ChiTiet")
    parts = (street, made.findtext("TenXa"), made.findtext("TenTinh"))
    for document in made.iterfind("TaiLieuNop"):
        content = document.findtext("NoiDung") or ""
        for name in ("DuongDan", "NoiDung"):  # the portal wants both members, empty where there is nothing
            found = document.find(name)
            document.append(etree.Element(name) if found is None else found)
        etree.SubElement(document, "KichThuoc").text = str(decoded_size(content))
    etree.SubElement(made, "DiaChi").text = ", ".join(part for part in parts if part)
    total = sum(int(amount.text or "0") for amount in made.iterfind("DanhSachLePhi/SoTien"))
    etree.SubElement(made, "TongLePhi").text = str(total)


def decoded_size(content: str) -> int:
    """How many bytes packed Base64 stands for.

    >>> decoded_size("aG8gc28="), decoded_size("aG8g"), decoded_size("")
    (5, 3, 0)
    """
    return len(content) // 4 * 3 - content[-2:].count("=")


FINISH = {"dong_bo_ho_so.map.xml": finish_dossier}
