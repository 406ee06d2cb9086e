"""XML Encryption and JWE: what was encrypted comes back, what is outside the profile is refused, with one word."""

from __future__ import annotations

import base64
import json
import re

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc import jwe
from joserfc.jwk import RSAKey

from schemas.problem import Refused
from signing.encryption import ReadingKey, RecipientKey, decrypt_jwe, decrypt_xml, encrypt_jwe, encrypt_xml
from signing.encryption.jwe import meant_for
from tests.unit.signing.kit import DOSSIER, SHAPES, p256, rsa2048

SOAP = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:q="urn:q"><s:Header/><s:Body>\n'
    '<q:HoSo xmlns="urn:d"><Ten a="q:x">Nguyễn &amp; Thử</Ten></q:HoSo>\n</s:Body></s:Envelope>'
).encode()


def keys(pair) -> tuple[RecipientKey, dict[str, ReadingKey]]:
    """Both halves."""
    made = pair()
    return RecipientKey.from_pem(made.certificate, key_id="H99"), {"H99": ReadingKey.from_pem(made.pem, key_id="H99")}


def code(call, *arguments) -> str:
    """Of the refusal."""
    with pytest.raises(Refused) as refused:
        call(*arguments)
    return refused.value.problems[0].code


@pytest.mark.parametrize("document", [DOSSIER, SOAP, *list(SHAPES.values())[3:12]])
def test_a_document_comes_back(document: bytes) -> None:
    """Nothing of the text stands outside, and the decrypted document says the same, byte for byte where it counts."""
    from schemas.xmldoc import c14n, parse

    to, reading = keys(rsa2048)
    sealed = encrypt_xml(document, to)
    assert "Thử".encode() not in sealed
    assert b"EncryptedData" in sealed
    assert c14n(parse(decrypt_xml(sealed, reading))) == c14n(parse(document))


def test_only_the_content_of_a_soap_message_is_hidden() -> None:
    """The envelope and its header stay readable for the way."""
    sealed = encrypt_xml(SOAP, keys(rsa2048)[0])
    assert sealed.count(b"Body>") == 2
    assert b"<s:Header/>" in sealed
    assert b"HoSo" not in sealed


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2009/xmlenc11#aes256-gcm", "2001/04/xmlenc#aes256-cbc"),
        ("2009/xmlenc11#aes256-gcm", "2009/xmlenc11#aes128-gcm"),
        ("2009/xmlenc11#rsa-oaep", "2001/04/xmlenc#rsa-1_5"),
        ("2009/xmlenc11#rsa-oaep", "2001/04/xmlenc#rsa-oaep-mgf1p"),
        ("2001/04/xmlenc#sha256", "2000/09/xmldsig#sha1"),
        ("xmlenc11#mgf1sha256", "xmlenc11#mgf1sha1"),
        ("xmlenc#Element", "xmlenc#Content"),
    ],
)
def test_weak_algorithms_are_refused_by_name(old: str, new: str) -> None:
    """Before a key is touched."""
    to, reading = keys(rsa2048)
    sealed = encrypt_xml(DOSSIER, to)
    assert old.encode() in sealed
    assert code(decrypt_xml, sealed.replace(old.encode(), new.encode()), reading) == "LT-ENC-002"


@pytest.mark.parametrize("which", [0, 1], ids=["key", "content"])
@pytest.mark.parametrize("at", [0, 40, -1])
def test_whatever_is_altered_fails_alike(which: int, at: int) -> None:
    """Wrapped key or content, first or last byte: one code, one text, no more."""
    to, reading = keys(rsa2048)
    sealed = encrypt_xml(DOSSIER, to)
    value = re.findall(rb"<xenc:CipherValue>([^<]+)<", sealed)[which]
    raw = bytearray(base64.b64decode(value))
    raw[at] ^= 1
    altered = sealed.replace(value, base64.b64encode(raw))
    with pytest.raises(Refused) as refused:
        decrypt_xml(altered, reading)
    assert [(one.code, one.text_en) for one in refused.value.problems] == [
        ("LT-ENC-001", "The content cannot be decrypted")
    ]


def test_encryption_inside_encryption_is_refused() -> None:
    """Nobody is led to decrypt again and again."""
    to, reading = keys(rsa2048)
    twice = encrypt_xml(b"<a>" + encrypt_xml(DOSSIER, to) + b"</a>", to)
    assert code(decrypt_xml, twice, reading) == "LT-ENC-002"


def test_a_foreign_key_name_is_told() -> None:
    """Which key it was for stands in the clear anyway."""
    to, _ = keys(rsa2048)
    assert code(decrypt_xml, encrypt_xml(DOSSIER, to), {}) == "LT-ENC-003"
    assert code(decrypt_jwe, encrypt_jwe(b"x", to), {}) == "LT-ENC-003"


@pytest.mark.parametrize("pair", [rsa2048, p256], ids=["RSA-OAEP-256", "ECDH-ES+A256KW"])
@pytest.mark.parametrize("body", [b"", b"{}", DOSSIER * 50])
def test_a_jwe_comes_back(pair, body: bytes) -> None:
    """By both kinds of key."""
    to, reading = keys(pair)
    assert decrypt_jwe(encrypt_jwe(body, to, media_type="application/json"), reading) == body


@pytest.mark.parametrize("pair", [rsa2048, p256], ids=["RSA-OAEP-256", "ECDH-ES+A256KW"])
def test_any_altered_part_of_a_jwe_fails_alike(pair) -> None:
    """Key, nonce, content or tag."""
    to, reading = keys(pair)
    parts = encrypt_jwe(DOSSIER, to).split(b".")
    for number in range(1, 5):
        raw = bytearray(base64.urlsafe_b64decode(parts[number] + b"=="))
        raw[len(raw) // 2] ^= 4
        changed = [*parts]
        changed[number] = base64.urlsafe_b64encode(raw).rstrip(b"=")
        assert code(decrypt_jwe, b".".join(changed), reading) == "LT-ENC-001"


def _headed(**header: object) -> bytes:
    """A JWE with any header, well made."""
    made = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": "H99", **header}
    made = {name: value for name, value in made.items() if value is not None}
    protected = base64.urlsafe_b64encode(json.dumps(made).encode()).rstrip(b"=")
    key, nonce = bytes(32), bytes(12)
    public = RecipientKey.from_pem(rsa2048().certificate, key_id="H99").public
    assert isinstance(public, rsa.RSAPublicKey)
    wrapped = public.encrypt(key, padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None))
    sealed = AESGCM(key).encrypt(nonce, b"text", protected)
    parts = [wrapped, nonce, sealed[:-16], sealed[-16:]]
    return b".".join((protected, *(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)))


def test_the_plain_header_is_taken() -> None:
    """The control of the next test."""
    assert decrypt_jwe(_headed(), keys(rsa2048)[1]) == b"text"


@pytest.mark.parametrize(
    "header",
    [
        {"zip": "DEF"}, {"alg": "RSA1_5"}, {"alg": "RSA-OAEP"}, {"alg": "dir"}, {"alg": "A256KW"}, {"alg": "none"},
        {"enc": "A128CBC-HS256"}, {"enc": "A128GCM"}, {"kid": None}, {"kid": 5}, {"crit": ["x"], "x": 1},
        {"jwk": {"kty": "RSA"}}, {"jku": "https://x.example"}, {"alg": "PBES2-HS256+A128KW", "p2c": 10**9},
        {"alg": "ECDH-ES+A256KW", "epk": {}}, {"apu": "x"},
    ],
    ids=str,
)  # fmt: skip
def test_headers_outside_the_profile_are_refused(header: dict[str, object]) -> None:
    """Before a key is touched; a compressed body is not inflated."""
    assert code(decrypt_jwe, _headed(**header), keys(rsa2048)[1]) == "LT-ENC-002"


def test_a_real_compressed_jwe_is_refused() -> None:
    """Also where its maker did everything else right."""
    pair = rsa2048()
    public = RecipientKey.from_pem(pair.certificate, key_id="H99").public
    header = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": "H99", "zip": "DEF"}
    token = jwe.encrypt_compact(
        header, b"a" * 100_000, RSAKey(public, public), algorithms=["RSA-OAEP-256", "A256GCM", "DEF"]
    )
    assert code(decrypt_jwe, token.encode(), keys(rsa2048)[1]) == "LT-ENC-002"


def test_weak_keys_are_refused_when_loaded() -> None:
    """Short RSA, another curve, garbage."""
    small = rsa.generate_private_key(65537, 1024).public_key()
    other = ec.generate_private_key(ec.SECP384R1()).public_key()
    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    for pem in (small.public_bytes(*form), other.public_bytes(*form), b"x"):
        with pytest.raises(Refused, match="LT-ENC-004"):
            RecipientKey.from_pem(pem, key_id="H99")


def test_four_dots_make_no_jwe() -> None:
    """A JSON text is in the clear, also where the codes and numbers in it hold as many dots as a JWE does."""
    to, _ = keys(p256)
    assert meant_for(b'{"ma":"000.00.00.H99-261125-0001","phi":1.5}') is None
    assert meant_for(b"[1.5, 2.5, 3.5, 4.5]") is None
    assert meant_for(encrypt_jwe(b"{}", to)) == "H99"
    assert meant_for(b"e30.e30.e30.e30.e30") == ""
