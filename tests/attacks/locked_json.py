"""Bodies of the JSON door that are encrypted for us: by whom, in which order, and what is refused before a key is touched."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric import padding
from joserfc import jwe
from joserfc.jwk import OctKey, RSAKey

from signing.encoding import to_base64url
from signing.encryption import encrypt_jwe
from tests.attacks.corpus import TAKEN, Case, Category, cases
from tests.attacks.doors_json import door, fresh, sent
from tests.unit.bus.gate_world import BODY
from tests.unit.signing.issuer import Holder

SIGN = "signature"


def _locked(name: str = "hai", body: bytes = BODY) -> bytes:
    return encrypt_jwe(body, door().to(name), media_type="application/json")


def _first_signed(
    change: Callable[[bytes], bytes] = lambda token: token, *, body: bytes = BODY, name: str = "hai"
) -> str:
    """Signed, then encrypted, then changed on the way."""
    return sent(fresh(door().two, body), change(_locked(name, body)))


def _then_signed(token: bytes, holder: Holder | None = None) -> str:
    """Signed as it lies there, encrypted."""
    return sent(fresh(holder or door().three, token), token)


def _header(**over: object) -> Callable[[bytes], bytes]:
    def change(token: bytes) -> bytes:
        header = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": "hai", **over}
        first = to_base64url(json.dumps({k: v for k, v in header.items() if v is not None}).encode())
        return b".".join([first.encode(), *token.split(b".")[1:]])

    return change


def _part(number: int, change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    def changed(token: bytes) -> bytes:
        parts = token.split(b".")
        parts[number] = change(parts[number])
        return b".".join(parts)

    return changed


def _flipped(part: bytes) -> bytes:
    return (b"B" if part[:1] == b"A" else b"A") + part[1:]


def _zipped() -> str:
    """A megabyte of nothing in a few bytes, rightly made."""
    registry = jwe.JWERegistry(algorithms=["RSA-OAEP-256", "A256GCM", "DEF"])
    header = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": "hai", "zip": "DEF"}
    body = b" " * 250_000
    key = door().keys["hai"].public_key()
    return sent(
        fresh(door().two, body), jwe.encrypt_compact(header, body, RSAKey(key, key), registry=registry).encode()
    )


def _by_password() -> bytes:
    """Its key is to be derived in as many rounds as the sender likes."""
    registry = jwe.JWERegistry(algorithms=["PBES2-HS256+A128KW", "A128GCM"])
    header = {"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "kid": "hai", "p2s": "AAAAAAAAAAA", "p2c": 1_000}
    token = jwe.encrypt_compact(header, BODY, OctKey.import_key("x" * 16), registry=registry)
    return _header(alg="PBES2-HS256+A128KW", enc="A128GCM", p2s="AAAAAAAAAAA", p2c=2**31)(token.encode())


def _old_padding(part: bytes) -> bytes:
    """A key wrapped as RSA 1.5 does."""
    return to_base64url(door().keys["hai"].public_key().encrypt(os.urandom(32), padding.PKCS1v15())).encode()


def _random_key(part: bytes) -> bytes:
    return to_base64url(os.urandom(256)).encode()


def _again(second: Callable[[str, bytes], str]) -> str:
    """The JWS of a call that was taken, and its bytes."""
    made, token = fresh(door().two), _locked("hai")
    assert sent(made, token) == TAKEN
    return second(made, token)


SHUT, OUTSIDE, UNKNOWN = "decryption:LT-ENC-001", "decryption:LT-ENC-002", "decryption:LT-ENC-003"
LOCKED = {
    "in the clear, where encryption is required": (lambda: sent(fresh(door().two)), "decryption:LT-ENC-006"),
    "in the clear, where it is signed last": (lambda: sent(fresh(door().three)), "decryption:LT-ENC-006"),
    "for the key of another caller": (lambda: sent(fresh(door().one), _locked("hai")), "decryption:LT-ENC-007"),
    "what another encrypted, signed by an insider": (lambda: _then_signed(_locked("ba"), door().one), "decryption:LT-ENC-007"),
    "signed last, where it is agreed to sign first": (lambda: _then_signed(_locked("hai"), door().two), SIGN),
    "signed first, where it is agreed to sign last": (lambda: sent(fresh(door().three), _locked("ba")), SIGN),
    "for a key nobody has": (lambda: _first_signed(_header(kid="khac")), UNKNOWN),
    "for no key": (lambda: _first_signed(_header(kid=None)), OUTSIDE),
    "kid is a list": (lambda: _first_signed(_header(kid=["hai"])), OUTSIDE),
    "kid of the other of our keys": (lambda: _first_signed(_header(kid="ba")), "signature decryption"),
    "a zip bomb": (_zipped, OUTSIDE),
    "a password of two thousand million rounds": (lambda: sent(fresh(door().two), _by_password()), OUTSIDE),
    "RSA 1.5": (lambda: _first_signed(lambda token: _header(alg="RSA1_5")(_part(1, _old_padding)(token))), OUTSIDE),
    "RSA 1.5 under the name of OAEP": (lambda: _first_signed(_part(1, _old_padding)), SHUT),
    "OAEP with SHA-1": (lambda: _first_signed(_header(alg="RSA-OAEP")), OUTSIDE),
    "alg dir": (lambda: _first_signed(_header(alg="dir")), OUTSIDE),
    "CBC": (lambda: _first_signed(_header(enc="A256CBC-HS512")), OUTSIDE),
    "crit": (lambda: _first_signed(_header(crit=["exp"])), OUTSIDE),
    "jwk in the header": (lambda: _first_signed(_header(jwk={"kty": "oct"})), OUTSIDE),
    "ECDH for an RSA key": (lambda: _first_signed(_header(alg="ECDH-ES+A256KW", epk={"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"})), OUTSIDE),
    "a header that says the same in other letters": (lambda: _first_signed(_header(cty="application/json")), SHUT),
    "a wrapped key that unwraps to nothing": (lambda: _first_signed(_part(1, _random_key)), SHUT),
    "a wrapped key with one bit changed": (lambda: _first_signed(_part(1, _flipped)), SHUT),
    "a nonce changed": (lambda: _first_signed(_part(2, _flipped)), SHUT),
    "a text changed": (lambda: _first_signed(_part(3, _flipped)), SHUT),
    "a text cut": (lambda: _first_signed(_part(3, lambda part: part[:-4])), SHUT),
    "a tag changed": (lambda: _first_signed(_part(4, _flipped)), SHUT),
    "a short tag": (lambda: _first_signed(_part(4, lambda part: part[:8])), SHUT),
    "no wrapped key": (lambda: _first_signed(_part(1, lambda part: b"")), SHUT),
    "a text changed, signed by its caller": (lambda: _then_signed(_part(3, _flipped)(_locked("ba"))), SHUT),
    "encrypted twice": (lambda: _first_signed(body=_locked("hai")), "invalid"),
    "in JSON serialisation": (lambda: sent(fresh(door().two), b'{"protected":"e30","ciphertext":"AA"}'), "decryption signature"),
    "what was taken, encrypted anew": (lambda: _again(lambda made, token: sent(made, _locked("hai"))), "freshness"),
    "what was taken, in the clear": (lambda: _again(lambda made, token: sent(made)), "freshness decryption"),
    "six parts": (lambda: _first_signed(lambda token: token + b".AA"), "signature decryption"),
    "larger than the door takes, before": (lambda: sent(fresh(door().two), b"x" * 10_485_761), "size"),
}  # fmt: skip
DOTTED = BODY.replace(b".", b"\\u002e", BODY.count(b".") - 4)  # four dots are left, as a JWE has
CONTROL = {
    "a JSON call in the clear with four dots": (lambda: sent(fresh(door().one, DOTTED), DOTTED), TAKEN),
    "a JSON call signed, then encrypted": (_first_signed, TAKEN),
    "the same encrypted JSON call again": (lambda: _again(sent), TAKEN),
    "a JSON call encrypted, then signed": (lambda: _then_signed(_locked("ba")), TAKEN),
}  # fmt: skip

CASES: list[Case] = [*cases(Category.ENCRYPTION, LOCKED), *cases(Category.CONTROL, CONTROL)]
