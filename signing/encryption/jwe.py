"""JWE in compact form: A256GCM, its key by RSA-OAEP-256 or ECDH-ES+A256KW, as the recipient's key says.

Taken is a protected header of alg, enc, kid (with ECDH epk; typ and cty may stand there) and nothing else: no zip,
which would be a bomb and tells of the content by its length, no jwk, no jku, no crit. What fails behind that look
fails with one word, whatever it was: nobody learns from us which part of a forged message was right.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any  # a JSON object

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc import jwe
from joserfc.jwk import ECKey, RSAKey

from schemas.jsondoc import loads
from schemas.problem import Refused, Stage, problem
from signing.encoding import from_base64url
from signing.encryption.keys import Private, Public, ReadingKey, RecipientKey

MEDIA_TYPE = "application/jose"
_RSA, _ECDH, _CONTENT = "RSA-OAEP-256", "ECDH-ES+A256KW", "A256GCM"
_REGISTRY = jwe.JWERegistry(algorithms=[_RSA, _ECDH, _CONTENT])
_HEADER, _LIMIT = 2_048, 28_000_000  # characters
_KEY, _NONCE, _TAG = 32, 12, 16
_PADDING = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
_URL_SIGNS = re.compile(rb"[A-Za-z0-9_-]*")
_NEEDED, _MAY = {"alg", "enc", "kid"}, {"typ", "cty"}


def encrypt_jwe(body: bytes, to: RecipientKey, *, media_type: str = "") -> bytes:
    """The compact form of a JWE of exactly these bytes."""
    header = {"alg": _algorithm(to.public), "enc": _CONTENT, "kid": to.key_id}
    if media_type:
        header["cty"] = media_type
    return jwe.encrypt_compact(header, body, _key(to.public), registry=_REGISTRY).encode("ascii")


def decrypt_jwe(token: bytes, keys: Mapping[str, ReadingKey], *, stage: Stage = Stage.RECEIVE) -> bytes:
    """The bytes that were encrypted for one of `keys` (key id → key).

    Raises:
        Refused: LT-ENC-002 or 003 for what stands in the clear, LT-ENC-001 for all that needs the key.
    """
    if len(token) > _LIMIT or token.count(b".") != 4 or not token.isascii():
        raise _outside("JWE", stage)
    text = token.decode("ascii")
    header = _header(text.split(".", 1)[0], stage)
    key = keys.get(header["kid"])
    if key is None:
        raise Refused((problem("LT-ENC-003", stage, {"key": ascii(header["kid"])}),))
    if header["alg"] != _algorithm(key.private):
        raise _outside(header["alg"], stage)
    try:
        if isinstance(key.private, RSAPrivateKey):
            return _by_rsa(text.split("."), key.private)
        plain = jwe.decrypt_compact(text, _key(key.private), registry=_REGISTRY).plaintext
    except Exception as error:  # one word for all of them
        raise Refused((problem("LT-ENC-001", stage),)) from error
    if plain is None:
        raise Refused((problem("LT-ENC-001", stage),))
    return plain


def _by_rsa(parts: list[str], private: RSAPrivateKey) -> bytes:
    """A key that does not unwrap is replaced by a random one: what comes of it fails after the same work."""
    wrapped, nonce, text, tag = (from_base64url(part) for part in parts[1:])
    if wrapped is None or text is None or len(nonce or b"") != _NONCE or len(tag or b"") != _TAG:
        raise ValueError("not of this form")
    content_key = os.urandom(_KEY)
    with suppress(ValueError):
        found = private.decrypt(wrapped, _PADDING)
        content_key = found if len(found) == _KEY else content_key
    return AESGCM(content_key).decrypt(nonce or b"", text + (tag or b""), parts[0].encode("ascii"))


def meant_for(body: bytes) -> str | None:
    """The key id that a JWE in compact form names, "" where it names none; None = this is no JWE at all, as a JSON
    text that happens to hold four dots."""
    first, *others = body.split(b".", 5) if len(body) <= _LIMIT else [b""]
    if len(others) != 4 or not _URL_SIGNS.fullmatch(first):
        return None
    raw = from_base64url(first.decode("ascii"))
    try:
        header = loads(raw) if raw and len(first) <= _HEADER else None
    except Refused:
        header = None
    found = header.get("kid") if isinstance(header, dict) else ""
    return found if isinstance(found, str) else ""


def _header(part: str, stage: Stage) -> Mapping[str, Any]:  # Any: see above; alg, enc and kid are text
    raw = from_base64url(part) if len(part) <= _HEADER else None
    try:
        header = loads(raw) if raw else None
    except Refused:
        header = None
    if not isinstance(header, dict):
        raise _outside("JWE header", stage)
    needed = _NEEDED | ({"epk"} if header.get("alg") == _ECDH else set())
    odd = (set(header) - needed - _MAY) | (needed - set(header))
    if odd:
        raise _outside(min(odd), stage)
    if not all(isinstance(header[name], str) for name in _NEEDED) or header["enc"] != _CONTENT:
        raise _outside(str(header["enc"]), stage)
    return header


def _algorithm(key: Private | Public) -> str:
    return _RSA if isinstance(key, RSAPrivateKey | RSAPublicKey) else _ECDH


def _key(key: Private | Public) -> RSAKey | ECKey:
    return RSAKey(key, key) if isinstance(key, RSAPrivateKey | RSAPublicKey) else ECKey(key, key)


def _outside(found: str, stage: Stage) -> Refused:
    return Refused((problem("LT-ENC-002", stage, {"found": ascii(found)[:80]}),))
