"""Vietnamese text: NFC inside, keys for searching, signs of damage. Tone marks of a name are never moved.

"Hòa" and "Hoà" are two spellings of two people's names: both stay as written, and both are found by one key.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from lxml import etree

from schemas.findings import line_of, path_of
from schemas.problem import Place, Problem, Stage, problem

_SPACES = re.compile(r"\s+")
_NO_STROKE = str.maketrans({"đ": "d", "Đ": "d", "ð": "d", "Ð": "d"})  # đ has no decomposition; ð is a common slip


def nfc(text: str) -> str:
    """The one form in which text is kept and compared.

    >>> nfc("Nguye\u0302\u0303n") == "Nguy\u1ec5n"
    True
    """
    return unicodedata.normalize("NFC", text)


def phrase_key(text: str) -> str:
    """For comparing phrases and codes: NFC, case-folded, spaces collapsed; marks count.

    >>> phrase_key("  Đang  XỬ LÝ ")
    'đang xử lý'
    """
    return _SPACES.sub(" ", nfc(text).casefold()).strip()


def search_key(text: str) -> str:
    """For finding, never for showing or sending: case-folded, marks stripped, đ as d, spaces collapsed.

    >>> search_key("NGUYỄN Thị  Đào")
    'nguyen thi dao'
    >>> search_key("Hòa") == search_key("Hoà") == "hoa"
    True
    """
    plain = unicodedata.normalize("NFD", text.casefold().translate(_NO_STROKE))
    return _SPACES.sub(" ", "".join(sign for sign in plain if not unicodedata.combining(sign))).strip()


class Damage(StrEnum):
    """What happened to a text on its way."""

    DOUBLE_ENCODED = "LT-TEXT-005"  # UTF-8 read as Latin-1 and encoded again: can be undone
    LOST = "LT-TEXT-006"  # letters replaced by "?" or U+FFFD: gone
    DOUBLE_ESCAPED = "LT-TEXT-007"  # "&#7877;" as text: can be undone


@dataclass(frozen=True, slots=True)
class Finding:
    """One sign of damage."""

    damage: Damage
    offset: int  # in characters, 0-based


# cp1252 puts letters where Latin-1 has control signs; both readings are met.
_BYTES = {chr(byte): byte for byte in range(0x80, 0x100)} | {
    bytes([byte]).decode("cp1252"): byte for byte in range(0x80, 0xA0) if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}
_TRAIL = "".join(sign for sign, byte in _BYTES.items() if 0x80 <= byte < 0xC0)
_MISREAD = re.compile(f"á[{re.escape(_TRAIL)}]{{2}}|[ÃÄÆÅ][{re.escape(_TRAIL)}]")
_LETTERS = frozenset(
    "àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ"
    "ÀÁẢÃẠĂẰẮẲẴẶÂẦẤẨẪẬÈÉẺẼẸÊỀẾỂỄỆÌÍỈĨỊÒÓỎÕỌÔỒỐỔỖỘƠỜỚỞỠỢÙÚỦŨỤƯỪỨỬỮỰỲÝỶỸỴĐ"
)
_LOST = re.compile(r"\ufffd|(?<=[^\W\d_])\?(?=[^\W\d_])")
_ESCAPED = re.compile(r"&#(?:[0-9]{2,7}|[xX][0-9A-Fa-f]{2,6});")


def damage(text: str) -> Finding | None:
    """The first sign that `text` was damaged on its way, or None. A suspicion for people; nothing is mended.

    >>> damage("Nguyá»\x85n Thá»\x8b").damage.name, damage("Nguy?n").damage.name, damage("Nguyễn ở đâu?")
    ('DOUBLE_ENCODED', 'LOST', None)
    """
    hits = [hit for hit in _MISREAD.finditer(text) if _was_letter(hit[0])]
    if len(hits) > 1 or any(len(hit[0]) == 3 for hit in hits):  # one pair alone may be a letter and a quote mark
        return Finding(Damage.DOUBLE_ENCODED, hits[0].start())
    escaped = _ESCAPED.search(text)
    if escaped is not None:
        return Finding(Damage.DOUBLE_ESCAPED, escaped.start())
    lost = _LOST.search(text) if "://" not in text else None
    return Finding(Damage.LOST, lost.start()) if lost is not None else None


def find_damage(element: etree._Element, *, stage: Stage) -> tuple[Problem, ...]:
    """Warnings for every damaged text below `element`; places, never the text itself."""
    found: list[Problem] = []
    for node in element.iter(etree.Element):
        sign = damage(node.text) if node.text else None
        if sign is not None:
            path = path_of(node, element)
            made = problem(sign.damage.value, stage, {"path": path, "offset": sign.offset + 1})
            found.append(made.at(theirs=Place("message", line_of(node), path)))
    return tuple(found)


def _was_letter(signs: str) -> bool:
    try:
        return bytes(_BYTES[sign] for sign in signs).decode("utf-8") in _LETTERS
    except UnicodeDecodeError:
        return False
