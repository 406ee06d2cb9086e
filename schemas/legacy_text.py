"""Vietnamese charsets older than Unicode, turned into NFC. Only where a partner declares one; never guessed.

TCVN3 fonts have no capital letters with tone marks (another font draws them), so the case of such text is lost.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from itertools import product

LEGACY_CHARSETS: Mapping[str, str] = {
    "cp1258": "cp1258",
    "windows-1258": "cp1258",
    "tcvn3": "tcvn3",
    "tcvn5712-3": "tcvn3",
    "x-viet-tcvn3": "tcvn3",
    "vni": "vni",
    "x-viet-vni": "vni",
}
CASE_LOSSY = frozenset({"tcvn3"})

# TCVN 5712:1993 VN3, bytes A1–AE and B5–FE; "_" = not in use. Agrees with iconv's TCVN5712-1. Source: tcvn5712
_TCVN3_LOW = "ĂÂÊÔƠƯĐăâêôơưđ"
_TCVN3_HIGH = "àảãáạ_ằẳẵắ______" + "_ặầẩẫấậè_ẻẽéẹềểễ" + "ếệìỉ___ĩíịò_ỏõóọ" + "ồổỗốộờởỡớợù_ủũúụ" + "ừửữứựỳỷỹýỵ"
_TCVN3 = {0xA1 + index: letter for index, letter in enumerate(_TCVN3_LOW)} | {
    0xB5 + index: letter for index, letter in enumerate(_TCVN3_HIGH) if letter != "_"
}

# VNI for Windows writes a base letter and one byte for shape and tone together; a few letters have a byte alone.
_VNI_TONES = {0xF9: "\u0301", 0xF8: "\u0300", 0xFB: "\u0309", 0xF5: "\u0303", 0xEF: "\u0323"}
_VNI_ROOF = {0xE2: "", 0xE1: "\u0301", 0xE0: "\u0300", 0xE5: "\u0309", 0xE3: "\u0303", 0xE4: "\u0323"}
_VNI_BOWL = {0xEA: "", 0xE9: "\u0301", 0xE8: "\u0300", 0xFA: "\u0309", 0xFC: "\u0303", 0xEB: "\u0323"}
_VNI_ALONE = {0xED: "í", 0xEC: "ì", 0xE6: "ỉ", 0xF3: "ĩ", 0xF2: "ị", 0xF1: "đ", 0xEE: "ỵ", 0xF4: "ơ", 0xF6: "ư"}


def _vni_table() -> dict[bytes, str]:
    table = {bytes([byte]): letter for byte, letter in _VNI_ALONE.items()}
    for base, (byte, tone) in product(b"aeouy\xf4\xf6", _VNI_TONES.items()):
        table[bytes([base, byte])] = _VNI_ALONE.get(base, chr(base)) + tone
    for base, (byte, tone) in product(b"aeo", _VNI_ROOF.items()):
        table[bytes([base, byte])] = chr(base) + "\u0302" + tone
    for byte, tone in _VNI_BOWL.items():
        table[bytes([0x61, byte])] = "a\u0306" + tone
    small = {code: unicodedata.normalize("NFC", letter) for code, letter in table.items()}
    return small | {bytes(byte - 0x20 for byte in code): letter.upper() for code, letter in small.items()}


_VNI = _vni_table()


def decode_legacy(body: bytes, charset: str) -> str:
    """The text in NFC.

    >>> decode_legacy(bytes.fromhex("4e677579eade6e"), "cp1258")
    'Nguyễn'
    >>> decode_legacy(bytes.fromhex("4e677579d46e"), "tcvn3")
    'Nguyễn'
    >>> decode_legacy(bytes.fromhex("4e67757965e36e"), "vni")
    'Nguyễn'

    Raises:
        UnicodeDecodeError: a byte that the charset does not have.
        LookupError: not one of `LEGACY_CHARSETS`.
    """
    if charset == "cp1258":
        return unicodedata.normalize("NFC", body.decode("cp1258"))
    if charset == "tcvn3":
        return "".join([_tcvn3_letter(body, at) for at in range(len(body))])
    if charset == "vni":
        return _vni(body)
    raise LookupError(f"unknown Vietnamese charset {charset}")


def _tcvn3_letter(body: bytes, at: int) -> str:
    byte = body[at]
    if byte < 0x80:
        return chr(byte)
    letter = _TCVN3.get(byte)
    if letter is None:
        raise UnicodeDecodeError("tcvn3", body, at, at + 1, "no such letter")
    return letter


def _vni(body: bytes) -> str:
    parts: list[str] = []
    at = 0
    while at < len(body):
        pair = body[at : at + 2]
        letter = _VNI.get(pair) if len(pair) == 2 else None
        if letter is not None:
            at += 2
        else:
            letter = chr(body[at]) if body[at] < 0x80 else _VNI.get(body[at : at + 1])
            if letter is None:
                raise UnicodeDecodeError("vni", body, at, at + 1, "no such letter")
            at += 1
        parts.append(letter)
    return "".join(parts)
