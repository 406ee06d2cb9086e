"""A key with its certificate and issuers in one PKCS#12 container, as authorities hand them out."""

from __future__ import annotations

from cryptography.hazmat.primitives.serialization import pkcs12

from schemas.problem import Refused, Stage, problem
from signing import primitive
from signing.algorithms import Algorithm
from signing.keys import SigningKey
from signing.policy import BUS, Policy


def from_pkcs12(
    data: bytes, *, key_id: str, password: bytes | None, algorithm: Algorithm | None = None, policy: Policy = BUS
) -> SigningKey:
    """The container's key.

    Raises:
        Refused: unreadable or wrong password (LT-SIGN-002), no key in it or a weak one.
    """
    try:
        private, paper, others = pkcs12.load_key_and_certificates(data, password)
    except Exception as error:  # damaged files and wrong passwords make the library raise many things
        raise Refused((problem("LT-SIGN-002", Stage.CONFIGURE, {"key": ascii(key_id), "found": ""}),)) from error
    if not isinstance(private, primitive.PRIVATE):
        found = type(private).__name__ if private is not None else "–"
        raise Refused((problem("LT-SIGN-003", Stage.CONFIGURE, {"key": ascii(key_id), "found": found}),))
    papers = ([paper] if paper is not None else []) + [each for each in others if each is not None]
    return SigningKey.of_private(private, papers, key_id=key_id, algorithm=algorithm, policy=policy)
