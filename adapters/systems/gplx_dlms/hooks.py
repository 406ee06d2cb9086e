"""Kinds only this partner needs: it wants a Vietnamese name in two parts, and the mapping language splits no text."""

from __future__ import annotations

from adapters.mapping.kinds import Kind, pair
from schemas.shape import Scalar


def family_part(name: str) -> str:
    """Everything but the last word, in capitals; nothing for a name of one word.

    >>> family_part("Nguyễn Thị  Thử Nghiệm")
    'NGUYỄN THỊ THỬ'
    >>> family_part("Mẫu")
    ''
    """
    return " ".join(name.split()[:-1]).upper()


def given_part(name: str) -> str:
    """The last word, in capitals: what a Vietnamese is called by.

    >>> given_part("Nguyễn Thị Thử Nghiệm")
    'NGHIỆM'
    """
    return (name.split() or [""])[-1].upper()


_TEXT = frozenset({Scalar.STRING})

KINDS = (
    Kind(
        "family-part",
        "Họ và chữ đệm viết hoa, tách từ họ tên.",
        "Family and middle names in capitals, taken from the full name.",
        lambda _: pair(lambda text: text, family_part, "một phần của tên / a part of the name"),
        legacy=_TEXT,
    ),
    Kind(
        "given-part",
        "Tên viết hoa, tách từ họ tên.",
        "The given name in capitals, taken from the full name.",
        lambda _: pair(lambda text: text, given_part, "một phần của tên / a part of the name"),
        legacy=_TEXT,
    ),
)
