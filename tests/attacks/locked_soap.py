"""Contents of SOAP messages that are encrypted for us: by whom, in which order, and what is refused before a key is
touched.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from signing.encryption import encrypt_xml
from signing.wss import secure
from tests.attacks.corpus import TAKEN, Case, Category, cases
from tests.attacks.doors_soap import around, operation, secured
from tests.unit.signing.issuer import NOW

XENC = "http://www.w3.org/2001/04/xmlenc#"
SIGN = "signature"


def bare() -> bytes:
    """One dossier in an envelope."""
    return around(operation())


def signed(body: bytes, number: int) -> bytes:
    """By one of the two, by WS-Security."""
    return secure(body, secured().holders[number].signing(), now=NOW)


def _first_signed(change: Callable[[bytes], bytes] = lambda made: made) -> str:
    """Signed, encrypted, changed on the way."""
    return secured().sent(change(encrypt_xml(signed(bare(), 1), secured().to(1))))


def _then_signed(change: Callable[[bytes], bytes] = lambda made: made, by: int = 0, key: int = 0) -> str:
    """Encrypted, changed, signed as it is."""
    return secured().sent(signed(change(encrypt_xml(bare(), secured().to(key))), by))


def _swap(old: str, new: str) -> Callable[[bytes], bytes]:
    def change(made: bytes) -> bytes:
        assert old.encode() in made, old
        return made.replace(old.encode(), new.encode(), 1)

    return change


def _value(number: int, change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Of a CipherValue: 0 the wrapped key, 1 the text."""

    def changed(made: bytes) -> bytes:
        parts = made.split(b"<xenc:CipherValue>")
        text, _, rest = parts[number + 1].partition(b"<")
        parts[number + 1] = base64.b64encode(change(base64.b64decode(text))) + b"<" + rest
        return b"<xenc:CipherValue>".join(parts)

    return changed


def _flip(data: bytes) -> bytes:
    return bytes((data[0] ^ 1,)) + data[1:]


def _old_padding(data: bytes) -> bytes:
    return secured().keys[1].public_key().encrypt(os.urandom(32), padding.PKCS1v15())


def _short_key(data: bytes) -> bytes:
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    return secured().keys[1].public_key().encrypt(os.urandom(16), oaep)


def _for_another(data: bytes) -> bytes:
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    return rsa.generate_private_key(65537, 2048).public_key().encrypt(os.urandom(32), oaep)


def _twice(made: bytes) -> bytes:
    return encrypt_xml(made, secured().to(1))


REFERENCE = f'<xenc:CipherReference xmlns:xenc="{XENC}" URI="http://127.0.0.1:1/"/>'


def _by_reference(made: bytes) -> bytes:
    start = made.rindex(b"<xenc:CipherValue>")
    end = made.rindex(b"</xenc:CipherValue>") + len(b"</xenc:CipherValue>")
    return made[:start] + REFERENCE.encode() + made[end:]


SHUT, OUTSIDE = "decryption:LT-ENC-001", "decryption:LT-ENC-002"
LOCKED = {
    "SOAP in the clear, signed by one who encrypts first": (lambda: secured().sent(signed(bare(), 0)), "decryption:LT-ENC-006"),
    "SOAP in the clear, signed by one who encrypts last": (lambda: secured().sent(signed(bare(), 1)), "decryption:LT-ENC-006"),
    "what another encrypted, signed by an insider, SOAP": (lambda: _then_signed(by=1), "decryption:LT-ENC-007"),
    "the key of another, signed first": (lambda: secured().sent(encrypt_xml(signed(bare(), 0), secured().to(1))), "decryption:LT-ENC-007"),
    "encrypted first, where it is agreed to sign first": (lambda: _then_signed(by=1, key=1), SIGN),
    "signed first, where it is agreed to encrypt first": (lambda: secured().sent(encrypt_xml(signed(bare(), 0), secured().to(0))), SIGN),
    "for a key nobody has, SOAP": (lambda: _first_signed(_swap(">khoa1<", ">khoa9<")), "decryption:LT-ENC-003"),
    "for the other of our keys, SOAP": (lambda: _first_signed(_swap(">khoa1<", ">khoa0<")), "decryption signature"),
    "an EncryptedKey wrapped for another key": (lambda: _first_signed(_value(0, _for_another)), SHUT),
    "an EncryptedKey with one bit changed": (lambda: _first_signed(_value(0, _flip)), SHUT),
    "an EncryptedKey in RSA 1.5 under the name of OAEP": (lambda: _first_signed(_value(0, _old_padding)), SHUT),
    "an EncryptedKey of sixteen bytes": (lambda: _first_signed(_value(0, _short_key)), SHUT),
    "an EncryptedKey cut short": (lambda: _first_signed(_value(0, lambda data: data[:100])), SHUT),
    "a text with one bit changed, SOAP": (lambda: _first_signed(_value(1, _flip)), SHUT),
    "a text cut, SOAP": (lambda: _first_signed(_value(1, lambda data: data[:-1])), SHUT),
    "a text changed, then signed by its caller": (lambda: _then_signed(_value(1, _flip)), SHUT),
    "RSA 1.5, SOAP": (lambda: _first_signed(_swap("http://www.w3.org/2009/xmlenc11#rsa-oaep", f"{XENC}rsa-1_5")), OUTSIDE),
    "OAEP with SHA-1, SOAP": (lambda: _first_signed(_swap("http://www.w3.org/2009/xmlenc11#rsa-oaep", f"{XENC}rsa-oaep-mgf1p")), OUTSIDE),
    "CBC, SOAP": (lambda: _first_signed(_swap("http://www.w3.org/2009/xmlenc11#aes256-gcm", f"{XENC}aes256-cbc")), OUTSIDE),
    "CipherReference": (lambda: _first_signed(_by_reference), OUTSIDE),
    "Type Content": (lambda: _first_signed(_swap("#Element", "#Content")), OUTSIDE),
    "EncryptedData in EncryptedData": (lambda: _first_signed(_twice), OUTSIDE),
    "RetrievalMethod for the key": (lambda: _first_signed(_swap("<xenc:EncryptedKey>", "<ds:RetrievalMethod URI='#k'/><xenc:EncryptedKey>")), OUTSIDE),
    "two EncryptedKeys": (lambda: _first_signed(_swap("</xenc:EncryptedKey>", "</xenc:EncryptedKey><xenc:EncryptedKey/>")), OUTSIDE),
    "EncryptionProperties": (lambda: _first_signed(_swap("</xenc:EncryptedData>", "<xenc:EncryptionProperties/></xenc:EncryptedData>")), OUTSIDE),
    "EncryptedData beside the content": (lambda: _first_signed(_swap("</xenc:EncryptedData>", "</xenc:EncryptedData><x/>")), OUTSIDE),
    "EncryptedData in the header alone": (lambda: secured().sent(signed(around(operation(), header=f'<xenc:EncryptedData xmlns:xenc="{XENC}"/>'.encode()), 1)), "decryption:LT-ENC-006"),
}  # fmt: skip


CONTROL = {
    "a SOAP call signed, then encrypted": (_first_signed, TAKEN),
    "a SOAP call encrypted, then signed": (_then_signed, TAKEN),
}  # fmt: skip

CASES: list[Case] = [*cases(Category.ENCRYPTION, LOCKED), *cases(Category.CONTROL, CONTROL)]
