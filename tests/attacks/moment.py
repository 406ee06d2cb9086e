"""Attacks on the clock: messages of another time, and the same message again."""

from __future__ import annotations

from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from signing.encoding import from_base64, to_base64
from signing.primitive import plain_ecdsa
from signing.wss import MemoryReplays
from tests.attacks.corpus import Case, Category, cases
from tests.attacks.soap import ADDRESSING, NOW, cut, envelope, sent, signed

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256


def _timed(created: str, expires: str = "") -> str:
    """Rightly signed, with these moments."""
    end = f"<wsu:Expires>{expires}</wsu:Expires>" if expires else ""
    stamp = f"<wsu:Timestamp wsu:Id='ts'><wsu:Created>{created}</wsu:Created>{end}</wsu:Timestamp>"
    return sent(signed(envelope(timestamp=stamp)))


def _stamp(inside: str) -> str:
    return sent(signed(envelope(timestamp=f"<wsu:Timestamp wsu:Id='ts'>{inside}</wsu:Timestamp>")))


def _twice(first: bytes, second: bytes, *, later_s: float = 0) -> str:
    """The outcome of the second, after the first was taken."""
    replays = MemoryReplays()
    assert sent(first, replays=replays) == "taken"
    return sent(second, replays=replays, now=NOW + timedelta(seconds=later_s))


def _other_value() -> bytes:
    """r and n-s: another good value of the same ECDSA signature."""
    text = signed().decode()
    found, _ = cut(text.encode(), "ds:SignatureValue")
    raw = from_base64(found.partition(">")[2].partition("<")[0]) or b""
    r, s = int.from_bytes(raw[:32], "big"), ORDER - int.from_bytes(raw[32:], "big")
    value = to_base64(plain_ecdsa(encode_dss_signature(r, s), 32))
    return text.replace(found, f"<ds:SignatureValue>{value}</ds:SignatureValue>").encode()


def _other_value_of(message: bytes) -> str:
    other = _other_value()
    assert sent(other) == "taken"  # it is a good signature
    return _twice(message, other)


def _again(**changes: str) -> str:
    """The same once more, with something unsigned changed."""
    message = signed().decode()
    for before, after in changes.values():
        assert before in message
        message = message.replace(before, after, 1)
    return _twice(signed(), message.encode())


def _flooded() -> str:
    replays = MemoryReplays(limit=1)
    assert sent(signed(), replays=replays) == "taken"
    other = signed(envelope(addressing={**ADDRESSING, "mid": "<w:MessageID wsu:Id='mid'>urn:uuid:2</w:MessageID>"}))
    return sent(other, replays=replays)


CREATED, EXPIRES = "<wsu:Created>2026-07-06T03:04:05Z</wsu:Created>", "<wsu:Expires>2026-07-06T03:09:05Z</wsu:Expires>"
FRESHNESS = {
    "of the future": (lambda: _timed("2026-07-06T03:09:06Z"), "freshness"),
    "of the far future": (lambda: _timed("2099-01-01T00:00:00Z"), "freshness"),
    "of the last second there is": (lambda: _timed("9999-12-31T23:59:59Z"), "freshness"),
    "of the last second there is, with an end": (lambda: _timed("9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999999Z"), "freshness"),
    "of the first second there is": (lambda: _timed("0001-01-01T00:00:00Z"), "freshness"),
    "of the first second, good until the last": (lambda: _timed("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"), "freshness"),
    "of the year 0": (lambda: _timed("0000-01-01T00:00:00Z"), "freshness"),
    "expired by its own word": (lambda: _timed("2026-07-06T02:58:00Z", "2026-07-06T02:59:00Z"), "freshness"),
    "good for ten years by its own word": (lambda: _timed("2026-07-06T02:50:00Z", "2036-07-06T03:04:05Z"), "freshness"),
    "ended before it began": (lambda: _timed("2026-07-06T03:04:05Z", "2026-07-06T03:04:04Z"), "freshness"),
    "no Timestamp": (lambda: sent(signed(envelope(timestamp=""))), "structure freshness"),
    "no Created": (lambda: _stamp(EXPIRES), "freshness"),
    "Expires before Created": (lambda: _stamp(EXPIRES + CREATED), "freshness"),
    "two Created": (lambda: _stamp(CREATED + CREATED), "freshness"),
    "something beside Created": (lambda: _stamp(CREATED + EXPIRES + "<x/>"), "freshness"),
    "something inside Created": (lambda: _stamp(CREATED.replace("2026", "<x/>2026")), "freshness"),
    "offset time zone": (lambda: _timed("2026-07-06T10:04:05+07:00"), "freshness"),
    "no time zone": (lambda: _timed("2026-07-06T03:04:05"), "freshness"),
    "date alone": (lambda: _timed("2026-07-06Z"), "freshness"),
    "thirteenth month": (lambda: _timed("2026-13-06T03:04:05Z"), "freshness"),
    "leap second": (lambda: _timed("2026-07-06T03:04:60Z"), "freshness"),
    "digits of another script": (lambda: _timed("２０２６-07-06T03:04:05Z"), "freshness"),
    "very long": (lambda: _timed("2026-07-06T03:04:05." + "0" * 100_000 + "Z"), "freshness"),
    "negative year": (lambda: _timed("-2026-07-06T03:04:05Z"), "freshness"),
    "the same again": (lambda: _twice(signed(), signed()), "freshness"),
    "the same bytes at the last moment": (lambda: (lambda m: _twice(m, m, later_s=599))(signed()), "freshness"),
    "the same with another value of its ECDSA signature": (lambda: _other_value_of(signed()), "freshness"),
    "the same with a header more that nobody signed": (lambda: _again(a=("</S:Header>", "<x:y xmlns:x='urn:x'/></S:Header>")), "freshness"),
    "the same with a prefix more": (lambda: _again(a=("<S:Header>", "<S:Header xmlns:khac='urn:khac'>")), "freshness"),
    "the same with its token under another name": (lambda: _again(a=("wsu:Id='tok'", "wsu:Id='tik'"), b=("#tok", "#tik")), "freshness signature"),
    "another while the memory is full": (lambda: _flooded(), "freshness"),
}  # fmt: skip

CASES: list[Case] = cases(Category.FRESHNESS, FRESHNESS)
