"""Kinds of numbers: integer, decimal."""

from __future__ import annotations

import re

from adapters.mapping.kinds.contract import Kind, Pair, Setting, pair
from adapters.mapping.values import Fault
from schemas.shape import Scalar

_INTEGER = re.compile(r"[+-]?[0-9]{1,40}")
_DECIMAL = re.compile(r"([+-]?)([0-9]{1,40})(?:\.([0-9]{1,40}))?")


def integer(text: str) -> str | Fault:
    """An integer in its shortest form.

    >>> integer(" +007 ")
    '7'
    >>> print(integer("7.0"))
    Not an integer
    """
    text = text.strip()
    return str(int(text)) if _INTEGER.fullmatch(text) else Fault("LT-MAP-110", {})


def read_decimal(text: str, decimal: str = ".", thousands: str = "") -> str | Fault:
    """A decimal number as XML writes it, zeros that say nothing removed.

    >>> read_decimal("1.500.000,50", ",", ".")
    '1500000.5'
    >>> print(read_decimal("1.50.000", ",", "."))
    Not a decimal number with the decimal mark “,”
    """
    wrong = Fault("LT-MAP-111", {"decimal": decimal})
    whole, mark, rest = text.strip().partition(decimal)
    if mark and not rest:
        return wrong
    if thousands and thousands in whole:
        head, *groups = whole.split(thousands)
        if not 1 <= len(head.lstrip("+-")) <= 3 or any(len(group) != 3 for group in groups):
            return wrong
        whole = head + "".join(groups)
    found = _DECIMAL.fullmatch(f"{whole}.{rest}" if mark else whole)
    return shortest(found) if found else wrong


def write_decimal(text: str, decimal: str = ".", thousands: str = "") -> str | Fault:
    """A decimal number as the partner writes it.

    >>> write_decimal("1500000.50", ",", ".")
    '1.500.000,5'
    >>> print(write_decimal("1e6", ",", "."))
    Not a decimal number with the decimal mark “.”
    """
    found = _DECIMAL.fullmatch(text.strip())
    if not found:
        return Fault("LT-MAP-111", {"decimal": "."})
    plain = shortest(found)
    sign = "-" if plain.startswith("-") else ""
    whole, mark, rest = plain.lstrip("-").partition(".")
    if thousands:
        whole = f"{int(whole):,}".replace(",", thousands)
    return f"{sign}{whole}{decimal if mark else ''}{rest}"


def shortest(found: re.Match[str]) -> str:
    """The number of a match of `_DECIMAL`, without zeros that say nothing."""
    sign, whole, rest = found[1], found[2].lstrip("0") or "0", (found[3] or "").rstrip("0")
    plain = f"{whole}.{rest}" if rest else whole
    return f"-{plain}" if sign == "-" and plain != "0" else plain


def _decimal(setting: Setting) -> Pair | Fault:
    decimal = setting.options.get("decimal", ".")
    thousands = setting.options.get("thousands", "")
    for option, mark in (("decimal", decimal), ("thousands", thousands)):
        if len(mark) > 1 or mark.isalnum() or (mark in "+-" and mark) or (option == "decimal" and not mark):
            return Fault("LT-MAP-014", {"option": option, "value": mark, "why": "một dấu / one mark"})
    if decimal == thousands:
        return Fault("LT-MAP-014", {"option": "thousands", "value": thousands, "why": "= decimal"})
    return pair(
        lambda text: read_decimal(text, decimal, thousands), lambda text: write_decimal(text, decimal, thousands)
    )


_NUMBERS = frozenset({Scalar.STRING, Scalar.INTEGER, Scalar.DECIMAL})

KINDS = (
    Kind(
        "integer",
        "Số nguyên, bỏ số 0 đầu.",
        "An integer, leading zeros removed.",
        lambda _: pair(integer, integer),
        samples=lambda *_: ("0", "7", "150000"),
        legacy=_NUMBERS,
        canonical=_NUMBERS,
    ),
    Kind(
        "decimal",
        "Số thập phân; decimal và thousands là dấu của bên cũ.",
        "A decimal number; decimal and thousands are the legacy side's marks.",
        _decimal,
        samples=lambda *_: ("0", "150000", "1500000.5"),
        legacy=_NUMBERS,
        canonical=frozenset({Scalar.STRING, Scalar.DECIMAL}),
        takes=("decimal", "thousands"),
    ),
)
