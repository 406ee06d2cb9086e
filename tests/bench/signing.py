"""Signatures measured: rows of (name, value, unit, goal, reached). Ratios are to the parts of the same run.

The parts of an XML signature are one parse, one canonical form, one SHA-256 and one key operation over an 8 KB
dossier; of a JWS, base64 of the body and one key operation. Each figure is the best of five rounds.
"""

from __future__ import annotations

import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256

from schemas import xmldoc
from signing.dsig import Verified, sign_element, sign_enveloped, verify
from signing.jws import sign_detached, verify_detached
from signing.keys import SigningKey, VerifyKey
from tests.unit.signing.kit import Pair, p256, rsa2048

Row = tuple[str, float, str, str, bool | None]

_PAPER = "<TepDinhKem><Ten>Đơn đề nghị số {0}</Ten><DuongDan>https://tep.h99.example/{0:04d}</DuongDan></TepDinhKem>"
_INNER = "".join(_PAPER.format(number) for number in range(68))
DOCUMENT = f'<HoSo xmlns="urn:lienthong:canonical:1"><MaHoSo>H99.12-1</MaHoSo>{_INNER}</HoSo>'.encode()
_ROUNDS, _SECONDS = 5, 0.12


def rows() -> Iterator[Row]:
    """Measures everything; ten seconds on a quiet machine."""
    for name, pair in (("P-256", p256()), ("RSA-2048", rsa2048())):
        key, trusted = pair.signing(with_certificate=True), pair.trusted()
        yield ("signing: load key, " + name, round(_ms(lambda p=pair: p.signing()), 3), "CPU ms", "", None)
        yield from _xml(name, key, trusted)
        yield from _jws(name, key, trusted)
        yield _refusal(name, pair)


def _xml(name: str, key: SigningKey, trusted: dict[str, VerifyKey]) -> Iterator[Row]:
    element, signed = xmldoc.parse(DOCUMENT), sign_enveloped(DOCUMENT, key)
    assert isinstance(verify(signed, trusted), Verified)
    canonical = xmldoc.c14n(element)
    parse = _ms(lambda: xmldoc.parse(DOCUMENT))
    form = _ms(lambda: sha256(xmldoc.c14n(element)))
    sign, check = _key_ms(key, trusted, canonical[:1_000])
    whole = _ms(lambda: sign_enveloped(DOCUMENT, key))
    unparsed = _ms(lambda: sign_element(element, key))
    checked = _ms(lambda: verify(signed, trusted))
    yield (f"signing: sign 8 KB XML, {name}", round(whole, 3), "CPU ms", "", None)
    yield _at_most(f"signing: sign ÷ parse + c14n + sha256 + key, {name}", whole / (parse + form + sign), 1.5)
    yield _at_most(f"signing: sign parsed ÷ c14n + sha256 + key, {name}", unparsed / (form + sign), 1.5)
    yield (f"signing: verify 8 KB XML, {name}", round(checked, 3), "CPU ms", "", None)
    yield _at_most(f"signing: verify ÷ parse + c14n + sha256 + key, {name}", checked / (parse + form + check), 2.5)


def _jws(name: str, key: SigningKey, trusted: dict[str, VerifyKey]) -> Iterator[Row]:
    header = sign_detached(DOCUMENT, key)
    assert verify_detached(DOCUMENT, header, trusted) == ()
    packed = _ms(lambda: urlsafe_b64encode(DOCUMENT))
    sign, check = _key_ms(key, trusted, urlsafe_b64encode(DOCUMENT))
    made, checked = _ms(lambda: sign_detached(DOCUMENT, key)), _ms(lambda: verify_detached(DOCUMENT, header, trusted))
    yield (f"signing: JWS over 8 KB, {name}", round(made, 3), "CPU ms", "", None)
    yield _at_most(f"signing: JWS ÷ base64 + key, {name}", made / (packed + sign), 1.5)
    yield (f"signing: verify JWS over 8 KB, {name}", round(checked, 3), "CPU ms", "", None)
    yield _at_most(f"signing: verify JWS ÷ base64 + key, {name}", checked / (packed + check), 2.0)


def _refusal(name: str, pair: Pair) -> Row:
    """A changed document costs no more to refuse than a good one to take."""
    signed = sign_enveloped(DOCUMENT, pair.signing())
    changed, trusted = signed.replace(b"H99.12-1", b"H99.12-2"), pair.trusted()
    assert not isinstance(verify(changed, trusted), Verified)
    good, bad = _ms(lambda: verify(signed, trusted)), _ms(lambda: verify(changed, trusted))
    return _at_most(f"signing: refuse changed ÷ verify, {name}", bad / good, 1.3)


def _key_ms(key: SigningKey, trusted: dict[str, VerifyKey], data: bytes) -> tuple[float, float]:
    value, public = key.sign(data), trusted[key.key_id]
    return _ms(lambda: key.sign(data)), _ms(lambda: public.verify(data, value, key.algorithm))


def _ms(work: Callable[[], object]) -> float:
    """CPU milliseconds a call, the best of the rounds: what it costs, whoever else works on the machine."""
    work()
    best = float("inf")
    for _ in range(_ROUNDS):
        count, began = 0, time.thread_time()
        while time.thread_time() - began < _SECONDS:
            work()
            count += 1
        best = min(best, (time.thread_time() - began) / count)
    return best * 1_000


def _at_most(name: str, value: float, goal: float) -> Row:
    return (name, round(value, 2), "", f"≤ {goal:g}", value <= goal)
