"""Tests of detached JWS."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest

from signing.encoding import to_base64url
from signing.jws import sign_detached, verify_detached
from tests.unit.signing.kit import p256, rsa2048, stranger

BODY = '{"MaHoSo":"H99.12-260706-0001","HoTen":"Nguyễn Thị Thử"}'.encode()
PAIRS = pytest.mark.parametrize("pair", [p256, rsa2048], ids=["ES256", "RS256"])


def _codes(body: bytes, header: str, keys) -> list[str]:
    return [found.code for found in verify_detached(body, header, keys)]


def _made(header: object, key, body: bytes = BODY) -> str:
    """A signature by our key under any protected header."""
    text = header if isinstance(header, str) else json.dumps(header, separators=(",", ":"))
    protected = to_base64url(text.encode())
    return f"{protected}..{to_base64url(key.sign(f'{protected}.{to_base64url(body)}'.encode()))}"


@PAIRS
def test_round_trip(pair) -> None:
    """What we sign, a holder of our certificate verifies."""
    assert _codes(BODY, sign_detached(BODY, pair().signing()), pair().trusted()) == []


@pytest.mark.parametrize("body", [b"", b"\x00\xff", b"x" * 300_000])
def test_any_bytes_can_be_signed(body: bytes) -> None:
    """The signature is over bytes, whatever they are; large bodies are no exception."""
    assert _codes(body, sign_detached(body, p256().signing()), p256().trusted()) == []


def test_header_is_exactly_the_agreed_one() -> None:
    """The protected header is the bytes partners compare with: alg, then kid, nothing else."""
    protected, payload, _ = sign_detached(BODY, rsa2048().signing()).split(".")
    assert base64.urlsafe_b64decode(protected + "==") == b'{"alg":"RS256","kid":"bus"}'
    assert payload == ""


def test_order_of_the_two_members_is_free() -> None:
    """Another maker may write kid before alg, and white space."""
    header = _made('{ "kid": "bus", "alg": "ES256" }', p256().signing())
    assert _codes(BODY, header, p256().trusted()) == []


@PAIRS
def test_other_bytes_are_refused(pair) -> None:
    """One changed, added or missing byte is seen."""
    header = sign_detached(BODY, pair().signing())
    for body in (BODY + b" ", BODY[:-1], BODY.replace(b"H99", b"G99"), b""):
        assert _codes(body, header, pair().trusted()) == ["LT-SIGN-014"]


@PAIRS
def test_signature_of_a_stranger_is_refused(pair) -> None:
    """Our key id in the header does not make it our key."""
    key = stranger().signing()
    expected = "LT-SIGN-014" if pair is p256 else "LT-SIGN-013"
    assert _codes(BODY, sign_detached(BODY, key), pair().trusted()) == [expected]


def test_unknown_key_is_named() -> None:
    """The operator reads which key id is not registered."""
    (found,) = verify_detached(BODY, sign_detached(BODY, p256().signing("khac")), p256().trusted())
    assert found.code == "LT-SIGN-012"
    assert "khac" in found.text_en


MORE = {
    "crit": ["b64"],
    "b64": False,
    "jwk": {"kty": "oct", "k": "AA"},
    "jku": "https://x.example/keys",
    "x5u": "https://x.example/c",
    "x5c": ["AA"],
    "typ": "JOSE",
    "exp": 1,
}


@pytest.mark.parametrize("name", MORE)
def test_header_with_anything_more_is_refused(name: str) -> None:
    """Headers that would change the rules or bring their own key are refused, even when they are signed."""
    header = _made({"alg": "ES256", "kid": "bus", name: MORE[name]}, p256().signing())
    assert _codes(BODY, header, p256().trusted()) == ["LT-SIGN-011"]


BAD_PROTECTED = {
    "no kid": '{"alg":"ES256"}',
    "no alg": '{"kid":"bus"}',
    "alg twice": '{"alg":"ES256","alg":"ES256","kid":"bus"}',
    "kid a number": '{"alg":"ES256","kid":1}',
    "kid null": '{"alg":"ES256","kid":null}',
    "alg a list": '{"alg":["ES256"],"kid":"bus"}',
    "an array": '["alg","kid"]',
    "not JSON": "alg=ES256",
    "text behind": '{"alg":"ES256","kid":"bus"} x',
    "a BOM": '\ufeff{"alg":"ES256","kid":"bus"}',
}


@pytest.mark.parametrize("text", BAD_PROTECTED.values(), ids=BAD_PROTECTED)
def test_header_of_another_shape_is_refused(text: str) -> None:
    """Only an object with two texts is a header."""
    assert _codes(BODY, _made(text, p256().signing()), p256().trusted()) == ["LT-SIGN-011"]


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "RS256", "ES384", "PS256", "es256", ""])
def test_algorithm_that_is_not_the_keys_is_refused(algorithm: str) -> None:
    """The message does not choose the algorithm."""
    header = _made({"alg": algorithm, "kid": "bus"}, p256().signing())
    assert _codes(BODY, header, p256().trusted()) == ["LT-SIGN-013"]


@PAIRS
def test_hmac_with_our_public_key_is_refused(pair) -> None:
    """The public key is no shared secret: the classic confusion does not pass."""
    for secret in (pair().public, pair().certificate, pair().public.strip()):
        protected = to_base64url(b'{"alg":"HS256","kid":"bus"}')
        mac = hmac.new(secret, f"{protected}.{to_base64url(BODY)}".encode(), hashlib.sha256).digest()
        assert _codes(BODY, f"{protected}..{to_base64url(mac)}", pair().trusted()) == ["LT-SIGN-013"]


ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
DEGENERATE = {
    "r = s = 0": (0, 0),
    "r = 0": (0, 1),
    "s = 0": (1, 0),
    "r = n": (ORDER, 1),
    "s = n": (1, ORDER),
    "r = s = n": (ORDER, ORDER),
    "largest": (2**256 - 1, 2**256 - 1),
}


@pytest.mark.parametrize("values", DEGENERATE.values(), ids=DEGENERATE)
def test_degenerate_ecdsa_values_are_refused(values: tuple[int, int]) -> None:
    """Signatures outside the group verify for no message."""
    raw = b"".join(value.to_bytes(32, "big") for value in values)
    protected = to_base64url(b'{"alg":"ES256","kid":"bus"}')
    header = f"{protected}..{to_base64url(raw)}"
    assert _codes(BODY, header, p256().trusted()) == ["LT-SIGN-014"]


def test_der_form_of_ecdsa_is_refused() -> None:
    """JWS has r and s side by side; another encoding is another text for the same value."""
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    protected, _, value = sign_detached(BODY, p256().signing()).split(".")
    raw = base64.urlsafe_b64decode(value + "==")
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    assert _codes(BODY, f"{protected}..{to_base64url(der)}", p256().trusted()) == ["LT-SIGN-014"]


def _form(change) -> str:
    return change(*sign_detached(BODY, p256().signing()).split("."))


BAD_FORMS = {
    "empty": lambda h, p, s: "",
    "two parts": lambda h, p, s: f"{h}.{s}",
    "four parts": lambda h, p, s: f"{h}..{s}.",
    "payload inside": lambda h, p, s: f"{h}.{to_base64url(BODY)}.{s}",
    "no header": lambda h, p, s: f"..{s}",
    "no signature": lambda h, p, s: f"{h}..",
    "padding": lambda h, p, s: f"{h}..{s}==",
    "standard alphabet": lambda h, p, s: f"{h}..+/{s[2:]}",
    "space behind": lambda h, p, s: f"{h}..{s} ",
    "line break": lambda h, p, s: f"{h}..{s[:9]}\n{s[9:]}",
    "spare bits": lambda h, p, s: f"{h}..{s[:-1]}{chr(ord(s[-1]) + 1)}",
    "not ASCII": lambda h, p, s: f"{h}..{s}é",
    "long": lambda h, p, s: f"{h}..{s}{'A' * 4096}",
    "long header": lambda h, p, s: f"{h}{'A' * 400}..{s}",
}


@pytest.mark.parametrize("change", BAD_FORMS.values(), ids=BAD_FORMS)
def test_other_form_is_refused(change) -> None:
    """One signature has one text; anything else is refused before a key is touched."""
    assert _codes(BODY, _form(change), p256().trusted()) == ["LT-SIGN-010"]


def test_no_keys_means_no_trust() -> None:
    """Without a registered key nothing verifies."""
    assert _codes(BODY, sign_detached(BODY, p256().signing()), {}) == ["LT-SIGN-012"]
