"""Detached JWS over the exact bytes of a body, with a protected header of exactly alg and kid.

Form: `header..signature` (RFC 7515, appendix F); it travels in an HTTP header beside the body. The header is
`{"alg":"RS256","kid":"bus"}`, nothing else is written and nothing else is taken: no crit, b64, jwk, jku, x5c, x5u.
We sign with our own key operation (a key may live in hardware); joserfc, with an allow-list, checks.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from schemas.jsondoc import loads
from schemas.problem import Problem, Refused, Stage, problem
from signing.dsig.key_info import Hints
from signing.encoding import from_base64, from_base64url, to_base64url
from signing.keys import SigningKey, VerifyKey
from signing.policy import BUS, Algorithm, Policy

_JOSE = frozenset(Algorithm) - {Algorithm.RS1}
_REGISTRY = JWSRegistry(algorithms=sorted(_JOSE))


def sign_detached(body: bytes, key: SigningKey) -> str:
    """The header value that proves these bytes: `header..signature`."""
    header = _protected(key.algorithm, key.key_id)
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
    parts = header.split(".") if len(header) <= policy.header_limit else []
    if len(parts) != 3 or parts[1] or not parts[0] or not parts[2] or len(parts[0]) > policy.protected_limit:
        return (problem("LT-SIGN-010", stage),)
    claimed = _named(parts[0]) or _carried(parts[0], policy.jws_certificates if by_certificate is not None else 0)
    if claimed is None:
        return (problem("LT-SIGN-011", stage),)
    algorithm, who = claimed
    if isinstance(who, Hints):
        found = by_certificate(who) if by_certificate is not None else ()
        if not isinstance(found, VerifyKey):
            return found or (problem("LT-SIGN-011", stage),)
        key, key_id = found, found.key_id
    elif who in keys:
        key, key_id = keys[who], who
    else:
        return (problem("LT-SIGN-012", stage, {"key": ascii(who)}),)
    bound = next((each for each in key.algorithms & policy.algorithms & _JOSE if each == algorithm), None)
    if bound is None:
        expected = ", ".join(sorted(key.algorithms))
        return (problem("LT-SIGN-013", stage, {"found": ascii(algorithm), "expected": expected}),)
    signature = from_base64url(parts[2])
    if signature is None:
        return (problem("LT-SIGN-010", stage),)
    checker = _REGISTRY.get_alg(bound.value)
    if not checker.verify(_input(parts[0], body), signature, _jose_key(key)):
        return (problem("LT-SIGN-014", stage, {"key": ascii(key_id)}),)
    return ()


def named(header: str) -> str | None:
    """The key id a detached JWS claims; None = not of the one form."""
    found = _named(header.partition(".")[0]) if len(header) <= BUS.header_limit else None
    return found[1] if found is not None else None


@lru_cache(maxsize=256)
def _protected(algorithm: Algorithm, key_id: str) -> str:
    # A key id holds no character that JSON would escape: see signing/keys.py.
    return to_base64url(f'{{"alg":"{algorithm.value}","kid":"{key_id}"}}'.encode("ascii"))


@lru_cache(maxsize=256)
def _jose_key(key: VerifyKey) -> ECKey | OKPKey | RSAKey:
    if isinstance(key.public, EllipticCurvePublicKey):
        return ECKey(key.public, key.public)
    if isinstance(key.public, Ed25519PublicKey):
        return OKPKey(key.public, key.public)
    return RSAKey(key.public, key.public)


def _input(protected: str, body: bytes) -> bytes:
    return protected.encode("ascii") + b"." + urlsafe_b64encode(body).rstrip(b"=")


def _named(protected: str) -> tuple[str, str] | None:
    """Algorithm and key id of a protected header, if it has exactly these two members, both text."""
    header = _members(protected, {"alg", "kid"})
    algorithm, key_id = header.get("alg"), header.get("kid")
    return (algorithm, key_id) if isinstance(algorithm, str) and isinstance(key_id, str) else None


def _carried(protected: str, limit: int) -> tuple[str, Hints] | None:
    """Algorithm and certificates of a protected header of exactly alg and x5c; never beside a key id."""
    header = _members(protected, {"alg", "x5c"}) if limit else {}
    algorithm, given = header.get("alg"), header.get("x5c")
    if not isinstance(algorithm, str) or not isinstance(given, list) or not 1 <= len(given) <= limit:
        return None
    papers = [from_base64(each) if isinstance(each, str) else None for each in given]
    return (algorithm, Hints(certificates=tuple(each for each in papers if each))) if all(papers) else None


def _members(protected: str, names: set[str]) -> dict[str, object]:
    """The header, if it has exactly these members; else nothing."""
    raw = from_base64url(protected)
    if raw is None or not raw.isascii():
        return {}
    try:
        header = loads(raw)
    except Refused:
        return {}
    return dict(header) if isinstance(header, dict) and set(header) == names else {}
