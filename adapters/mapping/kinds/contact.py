"""Kinds of contact data: phone, email. Their values are a citizen's and are never quoted."""

from __future__ import annotations

import re

from adapters.mapping.kinds.contract import Kind, pair
from adapters.mapping.values import Fault
from schemas.shape import Scalar

_NOISE = re.compile(r"[\s().-]+")
_PHONE = re.compile(r"\+?[0-9]{6,15}")
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>.]+(?:\.[^@\s,;<>.]+)+")


def phone(text: str) -> str | Fault:
    """A telephone number without spaces, dots and dashes; +84 is written 0.

    >>> phone("(+84) 99.000-00 17")
    '0990000017'
    >>> phone("+1 999 555 0100")
    '+19995550100'
    >>> print(phone("không có"))
    Not a telephone number
    """
    number = _NOISE.sub("", text)
    if not _PHONE.fullmatch(number):
        return Fault("LT-MAP-115", {})
    return "0" + number[3:] if number.startswith("+84") else number


def email(text: str) -> str | Fault:
    """One e-mail address; the host in small letters.

    >>> email(" Mau@Tinh-H99.Example ")
    'Mau@tinh-h99.example'
    >>> print(email("mau at tinh.example"))
    Not an e-mail address
    """
    address = text.strip()
    if not _EMAIL.fullmatch(address):
        return Fault("LT-MAP-116", {})
    name, _, host = address.rpartition("@")
    return f"{name}@{host.lower()}"


KINDS = (
    Kind(
        "phone",
        "Số điện thoại, bỏ khoảng trắng, chấm, gạch; +84 thành 0.",
        "A telephone number without spaces, dots, dashes; +84 becomes 0.",
        lambda _: pair(phone, phone),
        samples=lambda *_: ("0990000017",),
        legacy=frozenset({Scalar.STRING, Scalar.INTEGER}),
    ),
    Kind(
        "email",
        "Một địa chỉ thư điện tử.",
        "One e-mail address.",
        lambda _: pair(email, email),
        samples=lambda *_: ("mau@tinh-h99.example",),
        legacy=frozenset({Scalar.STRING}),
    ),
)
