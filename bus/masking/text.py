"""Covers what is about a person in sentences and codes; the sentence stays readable."""

from __future__ import annotations

import re
from collections.abc import Collection

from bus.masking.names import FAMILY_NAMES, NO_PEOPLE
from schemas.vietnamese import nfc

COVER = "•••"

_EMAIL = re.compile(r"[^\s@<>\"'“”,;:()]{1,64}@[^\s@<>\"'“”,;:()]{1,255}")
_PHONE = re.compile(r"(?<![\w.])(?<!\d[ .\-])(?:\+84|0)(?:[ .\-]?\d){8,10}(?![ .\-]?\d|\w)")
_SPACED = re.compile(r"(?<!\d)\d{3}(?:[ .\-]\d{3}){2,3}(?!\d)")
_DIGITS = re.compile(r"\d{6,}")
_UPPER = "A-ZÀÁẢÃẠĂẰẮẲẴẶÂẦẤẨẪẬÈÉẺẼẸÊỀẾỂỄỆÌÍỈĨỊÒÓỎÕỌÔỒỐỔỖỘƠỜỚỞỠỢÙÚỦŨỤƯỪỨỬỮỰỲÝỶỸỴĐ"
_CAPITAL = rf"[{_UPPER}][^\W\d_]*"
_FAMILY = "|".join(sorted(FAMILY_NAMES | {name.upper() for name in FAMILY_NAMES}, key=len, reverse=True))
_PERSON = re.compile(rf"(?<!\w)(?:{_FAMILY})(?:\s+{_CAPITAL}){{1,5}}(?!\w)")
_CALLED = re.compile(
    r"(?P<who>(?<!\w)(?i:ông|bà|anh|chị|công dân|người nộp|người nhận|chủ hồ sơ|họ và tên|họ tên)\s*[:=]?\s*[“\"']?)"
    rf"(?P<name>{_CAPITAL}(?:\s+{_CAPITAL}){{0,5}})(?!\w)"
)
_IDENTITY = re.compile(r"(?<!\d)(?:0\d{11}|0\d{9})(?!\d)|\A\d{9}\Z")


def mask_text(text: str, *, keep: Collection[str] = ()) -> str:
    """Words for operators: e-mails, phones, runs of six digits and more, and people's names are covered.

    `keep`: the dossier's own codes, which may be shown where they stand alone.

    >>> mask_text("CCCD 099000000001 của Nguyễn Văn A, gọi 0900 000 001")
    'CCCD ••• của •••, gọi •••'
    """
    codes = _long_first(keep)
    if not codes:
        return _masked(nfc(text))
    parts = re.split(rf"(?<!\w)({'|'.join(map(re.escape, codes))})(?!\w)", nfc(text))
    return "".join(part if at % 2 else _masked(part) for at, part in enumerate(parts))


def mask_code(code: str) -> str:
    """A dossier's code as it is, but never a number that a person has: identity card, citizen's number, phone.

    >>> mask_code("H99.12-260706-0007"), mask_code("099000000001"), mask_code("CCCD-099000000001")
    ('H99.12-260706-0007', '•••', 'CCCD-•••')
    """
    return _IDENTITY.sub(COVER, _EMAIL.sub(COVER, code))


def _masked(text: str) -> str:
    for pattern in (_EMAIL, _PHONE, _SPACED, _DIGITS):
        text = pattern.sub(COVER, text)
    text = _PERSON.sub(lambda hit: hit[0] if hit[0] in NO_PEOPLE else COVER, text)
    return _CALLED.sub(lambda hit: hit[0] if hit["name"] in NO_PEOPLE else hit["who"] + COVER, text)


def _long_first(codes: Collection[str]) -> list[str]:
    """Only what looks like a dossier's code, and never a person's number."""
    return sorted({nfc(code) for code in codes if len(code) > 3 and mask_code(code) == code}, key=len, reverse=True)
