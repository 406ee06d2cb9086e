"""A key that a remote signer holds, asked by the CSC API (`signatures/signHash`): it sees a digest, never the content.

What comes back is checked with our own certificate before it is used: a signer that errs or lies costs a retry, not a
broken signature with a partner. Source: csc.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from schemas.jsondoc import loads
from schemas.problem import Refused, Stage, problem
from signing import primitive
from signing.algorithms import RECIPES, Algorithm
from signing.encoding import from_base64, to_base64
from signing.keys import KeyUnavailable, SigningKey
from signing.policy import BUS, Policy
from signing.trust.papers import read_certificates

# Asks the signer: body of the question → body of the answer. Raises KeyUnavailable when it does not answer.
Transport = Callable[[bytes], bytes]

_HASHES = {"sha256": "2.16.840.1.101.3.4.2.1", "sha384": "2.16.840.1.101.3.4.2.2", "sha512": "2.16.840.1.101.3.4.2.3"}
_SIGNATURES = {
    Algorithm.RS256: "1.2.840.113549.1.1.11", Algorithm.RS384: "1.2.840.113549.1.1.12",
    Algorithm.RS512: "1.2.840.113549.1.1.13", Algorithm.ES256: "1.2.840.10045.4.3.2",
    Algorithm.ES384: "1.2.840.10045.4.3.3", Algorithm.ES512: "1.2.840.10045.4.3.4",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Credential:
    """Whose key, and what lets us use it."""

    name: str  # credentialID
    activation: str = field(default="", repr=False)  # SAD; "" = the signer asks for none


def from_remote(
    transport: Transport,
    credential: Credential,
    *,
    key_id: str,
    certificate: bytes,
    algorithm: Algorithm | None = None,
    policy: Policy = BUS,
) -> SigningKey:
    """The signer's key; `certificate`: PEM of ours, which its issuers' may follow.

    Raises:
        Refused: certificate unreadable, key weak, or an algorithm no remote signer is asked for.
    """
    papers = read_certificates(certificate, name=key_id)
    public = papers[0].public_key()
    if not isinstance(public, primitive.PUBLIC):
        values = {"key": ascii(key_id), "found": type(public).__name__}
        raise Refused((problem("LT-SIGN-003", Stage.CONFIGURE, values),))

    def operate(data: bytes) -> bytes:
        return _asked(transport, credential, data, key.algorithm, key)

    key = SigningKey.of_operation(operate, public, papers, key_id=key_id, algorithm=algorithm, policy=policy)
    return key


def _asked(transport: Transport, credential: Credential, data: bytes, algorithm: Algorithm, key: SigningKey) -> bytes:
    recipe = RECIPES[algorithm]
    if algorithm not in _SIGNATURES:
        raise KeyUnavailable(f"the remote signer is not asked for {algorithm}")
    question = {
        "credentialID": credential.name,
        "hash": [to_base64(hashlib.new(recipe.hash_name, data).digest())],
        "hashAlgo": _HASHES[recipe.hash_name],
        "signAlgo": _SIGNATURES[algorithm],
        **({"SAD": credential.activation} if credential.activation else {}),
    }
    signature = _read(transport(json.dumps(question).encode()))
    if recipe.octets:
        try:
            signature = primitive.plain_ecdsa(signature, recipe.octets)
        except (ValueError, OverflowError) as error:
            raise KeyUnavailable("the remote signer gave no signature") from error
    if not primitive.verify(key.public_key, data, signature, algorithm):
        raise KeyUnavailable("the remote signer's signature is not of our key")
    return signature


def _read(answer: bytes) -> bytes:
    try:
        found = loads(answer)
    except Refused as refused:
        raise KeyUnavailable("the remote signer's answer is not JSON") from refused
    signatures = found.get("signatures") if isinstance(found, dict) else None
    first = signatures[0] if isinstance(signatures, list) and len(signatures) == 1 else None
    value = from_base64(first) if isinstance(first, str) else None
    if not value:
        raise KeyUnavailable("the remote signer gave no signature")
    return value
