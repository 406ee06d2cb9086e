"""Detached JWS over the exact bytes of a body, with a protected header of exactly what its policy knows.

Form: `header..signature` (RFC 7515, appendix F); it travels in an HTTP header beside the body. The header is
`{"alg":"RS256","kid":"bus"}`; where a policy says so it may carry x5c in place of kid, and say when it was made.
Nothing else is taken: no crit, b64, jwk, jku, x5u.
We sign with our own key operation (a key may live in hardware); joserfc, with an allow-list, checks.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from schemas.jsondoc import loads
from schemas.problem import Problem, Refused, Stage, problem
from signing.dsig.choosing import Keys
from signing.dsig.key_info import Hints
from signing.encoding import from_base64, from_base64url, to_base64url
from signing.keys import SigningKey, VerifyKey
from signing.policy import BUS, Algorithm, Policy

_JOSE = frozenset(Algorithm) - {Algorithm.RS1}
_REGISTRY = JWSRegistry(algorithms=sorted(_JOSE))
_MOMENTS = ("iat", "exp")
_LATEST_S = 253_402_300_799  # the last second a date can tell
_CLAIM_CHARACTERS = 2_048


@dataclass(frozen=True, slots=True)
class Signed:
    """What a good JWS says."""

    key: VerifyKey  # the trusted key that signed
    algorithm: Algorithm
    claims: Mapping[str, int | str]  # what stood in its header beside algorithm and key; all of it is signed
    sha256: str  # of what was signed, header and body; lower-case hex
    body_sha256: str  # of the body alone


def sign_detached(body: bytes, key: SigningKey, *, claims: Mapping[str, int | str] | None = None) -> str:
    """The header value that proves these bytes: `header..signature`."""
    header = _claiming(key, claims) if claims else _protected(key.algorithm, key.key_id)
    return f"{header}..{to_base64url(key.sign(_input(header, body)))}"


def verify_detached(
    body: bytes,
    header: str,
    keys: Mapping[str, VerifyKey],
    policy: Policy = BUS,
    *,
    by_certificate: Callable[[Hints], VerifyKey | tuple[Problem, ...]] | None = None,
    stage: Stage = Stage.RECEIVE,
) -> tuple[Problem, ...]:
    """Nothing if `header` is a signature of exactly these bytes by one of `keys` (key id → key); else why not.
    `by_certificate`: judges the certificates of a JWS that has x5c in place of kid (`signing.trust.Trust.keys`), where
    the policy takes them.

    Never raises for what was sent.
    """

    def chosen(hints: Hints) -> VerifyKey | tuple[Problem, ...]:
        if hints.certificates:
            return by_certificate(hints) if by_certificate is not None else (problem("LT-SIGN-011", stage),)
        return keys.get(hints.key_name or "") or _unknown(hints, stage)

    found = open_detached(body, header, chosen, policy, stage=stage)
    return () if isinstance(found, Signed) else found


def open_detached(
    body: bytes, header: str, keys: Keys, policy: Policy, *, stage: Stage = Stage.RECEIVE
) -> Signed | tuple[Problem, ...]:
    """What the signature says, if it is one of exactly these bytes by one of `keys`; else why not.

    Never raises for what was sent.
    """
    parts = header.split(".") if len(header) <= policy.header_limit else []
    if len(parts) != 3 or parts[1] or not parts[0] or not parts[2] or len(parts[0]) > policy.protected_limit:
        return (problem("LT-SIGN-010", stage),)
    said = _said(parts[0], policy)
    if said is None:
        return (problem("LT-SIGN-011", stage),)
    algorithm, hints, claims = said
    key = _key(hints, keys, stage)
    if not isinstance(key, VerifyKey):
        return key
    bound = next((each for each in key.algorithms & policy.algorithms & _JOSE if each == algorithm), None)
    if bound is None:
        expected = ", ".join(sorted(key.algorithms))
        return (problem("LT-SIGN-013", stage, {"found": ascii(algorithm), "expected": expected}),)
    signature = from_base64url(parts[2])
    if signature is None:
        return (problem("LT-SIGN-010", stage),)
    signed = _input(parts[0], body)
    if not _REGISTRY.get_alg(bound.value).verify(signed, signature, _jose_key(key)):
        return (problem("LT-SIGN-014", stage, {"key": ascii(hints.key_name or key.key_id)}),)
    return Signed(key, bound, claims, sha256(signed).hexdigest(), sha256(body).hexdigest())


def named(header: str, policy: Policy = BUS) -> str | None:
    """The key id a detached JWS claims; None = it claims none, or is not of this form."""
    said = _said(header.partition(".")[0], policy) if len(header) <= policy.header_limit else None
    return said[1].key_name if said is not None else None


def _key(hints: Hints, keys: Keys, stage: Stage) -> VerifyKey | tuple[Problem, ...]:
    if not isinstance(keys, Mapping):
        return keys(hints) or _unknown(hints, stage)
    return keys.get(hints.key_name or "") or _unknown(hints, stage)


def _unknown(hints: Hints, stage: Stage) -> tuple[Problem, ...]:
    return (problem("LT-SIGN-012", stage, {"key": ascii(hints.key_name or "x5c")}),)


@lru_cache(maxsize=256)
def _protected(algorithm: Algorithm, key_id: str) -> str:
    # A key id holds no character that JSON would escape: see signing/keys.py.
    return to_base64url(f'{{"alg":"{algorithm.value}","kid":"{key_id}"}}'.encode("ascii"))


def _claiming(key: SigningKey, claims: Mapping[str, int | str]) -> str:
    header = {"alg": key.algorithm.value, "kid": key.key_id, **claims}
    return to_base64url(json.dumps(header, separators=(",", ":")).encode("ascii"))


@lru_cache(maxsize=256)
def _jose_key(key: VerifyKey) -> ECKey | OKPKey | RSAKey:
    if isinstance(key.public, EllipticCurvePublicKey):
        return ECKey(key.public, key.public)
    if isinstance(key.public, Ed25519PublicKey):
        return OKPKey(key.public, key.public)
    return RSAKey(key.public, key.public)


def _input(protected: str, body: bytes) -> bytes:
    return protected.encode("ascii") + b"." + urlsafe_b64encode(body).rstrip(b"=")


def _said(protected: str, policy: Policy) -> tuple[str, Hints, Mapping[str, int | str]] | None:
    """Algorithm, key and claims of a protected header that has one key, told in one way, and no member the policy does
    not know."""
    header = _members(protected)
    algorithm = header.pop("alg", None)
    told: dict[str, object] = {name: header.pop(name) for name in ("kid", "x5c") if name in header}
    hints = _hints(told, policy) if len(told) == 1 else None
    if not isinstance(algorithm, str) or hints is None or not set(header) <= policy.jws_claims:
        return None
    claims = {name: value for name, value in header.items() if isinstance(value, int | str) and _is_plain(name, value)}
    return (algorithm, hints, claims) if len(claims) == len(header) else None


def _hints(told: Mapping[str, object], policy: Policy) -> Hints | None:
    key_id, given = told.get("kid"), told.get("x5c")
    if isinstance(key_id, str):
        return Hints(key_name=key_id)
    if not isinstance(given, list) or not 1 <= len(given) <= policy.jws_certificates:
        return None
    papers = [from_base64(each) if isinstance(each, str) else None for each in given]
    return Hints(certificates=tuple(each for each in papers if each)) if all(papers) else None


def _is_plain(name: str, value: int | str) -> bool:
    """A moment in whole seconds; else a text of signs that look the same to everybody."""
    if name in _MOMENTS:
        return type(value) is int and 0 <= value <= _LATEST_S
    return isinstance(value, str) and 0 < len(value) <= _CLAIM_CHARACTERS and value.isascii() and value.isprintable()


def _members(protected: str) -> dict[str, object]:
    """The header; nothing if it is none."""
    raw = from_base64url(protected)
    if raw is None or not raw.isascii():
        return {}
    try:
        header = loads(raw)
    except Refused:
        return {}
    return dict(header) if isinstance(header, dict) else {}
