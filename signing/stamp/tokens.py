"""Time-stamps by RFC 3161: what is asked of an authority, and whether its answer proves that something was there.

Asked with SHA-256, a random nonce and for the certificate. An answer is believed only with the right imprint and nonce,
signed by a certificate for time-stamping, with a path to a trusted authority at the time it states. Real authorities
send sets that are not sorted, so the bytes are read by a lenient parser, and what they prove is judged by pyHanko
(`signing.stamp.judged`, read with the first token: it brings half a second of modules).
Source: tsp.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from hmac import compare_digest

from asn1crypto import algos, cms, tsp

from schemas.problem import Refused, Stage, problem
from signing.trust import TrustStore

_LIMIT = 262_144  # bytes of an answer
MEDIA_QUERY, MEDIA_REPLY = "application/timestamp-query", "application/timestamp-reply"


@dataclass(frozen=True, slots=True)
class Query:
    """A question to an authority, and what its answer must repeat."""

    body: bytes  # DER, to be sent as `MEDIA_QUERY`
    digest: bytes  # SHA-256 of what is stamped
    nonce: int


@dataclass(frozen=True, slots=True)
class Stamped:
    """What a token proves."""

    at: datetime  # aware UTC
    token: bytes  # DER of the TimeStampToken
    digest: bytes  # SHA-256 of what was there then
    authority: str  # subject of its certificate
    serial: int  # of the token


def query(data: bytes) -> Query:
    """Asks for a time-stamp of these bytes."""
    digest, nonce = sha256(data).digest(), secrets.randbits(63)
    imprint = {"hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}), "hashed_message": digest}
    asked = tsp.TimeStampReq(
        {"version": "v1", "message_imprint": tsp.MessageImprint(imprint), "nonce": nonce, "cert_req": True}
    )
    return Query(asked.dump(), digest, nonce)


def accept(answer: bytes, asked: Query, authorities: TrustStore, *, stage: Stage = Stage.SIGN) -> Stamped:
    """What an authority's answer (DER) proves.

    Raises:
        Refused: not granted, for something else, or by nobody we believe (LT-STAMP-…).
    """
    token = _token_of(answer, stage)
    stamped, nonce = _proved(token, asked.digest, authorities, stage)
    if nonce != asked.nonce:
        raise Refused((problem("LT-STAMP-003", stage),))
    return stamped


def check(token: bytes, data: bytes, authorities: TrustStore, *, stage: Stage = Stage.RECEIVE) -> Stamped:
    """What a kept token (DER of a TimeStampToken) proves of these bytes.

    Raises:
        Refused: it proves nothing of them.
    """
    if not token or len(token) > _LIMIT:
        raise Refused((problem("LT-STAMP-001", stage, {"reason": f"{len(token)} bytes"}),))
    return _proved(token, sha256(data).digest(), authorities, stage)[0]


def _token_of(answer: bytes, stage: Stage) -> bytes:
    try:
        if len(answer) > _LIMIT:
            raise ValueError("too large")
        read = tsp.TimeStampResp.load(answer, strict=True)
        status = str(read["status"]["status"].native)
        token = read["time_stamp_token"].dump() if status == "granted" else b""
        said = read["status"]["status_string"].native if status != "granted" else None
    except Exception as error:  # hostile bytes: the library has many ways to say no
        raise Refused((problem("LT-STAMP-001", stage, {"reason": _short(error)}),)) from error
    if status != "granted":
        raise Refused((problem("LT-STAMP-002", stage, {"reason": f"{status} {ascii(said)[:80]}"}),))
    return token


def _proved(token: bytes, digest: bytes, authorities: TrustStore, stage: Stage) -> tuple[Stamped, int | None]:
    """What it proves, and the nonce it repeats."""
    try:
        read = cms.ContentInfo.load(token, strict=True)
        if read["content_type"].native != "signed_data":
            raise ValueError(f"a {read['content_type'].native}")
        signed = read["content"]
        info = signed["encap_content_info"]["content"].parsed
        if not isinstance(info, tsp.TSTInfo):
            raise ValueError("no TSTInfo")
        imprint = info["message_imprint"]
        fits = compare_digest(imprint["hashed_message"].native, digest)
        at = info["gen_time"].native.astimezone(UTC)
        is_ours = fits and imprint["hash_algorithm"]["algorithm"].native == "sha256"
        nonce, serial = info["nonce"].native, int(info["serial_number"].native)
    except Exception as error:
        raise Refused((problem("LT-STAMP-001", stage, {"reason": _short(error)}),)) from error
    if not is_ours:
        raise Refused((problem("LT-STAMP-003", stage),))
    from signing.stamp.judged import NotBelieved, signer_of  # most processes never see a token

    try:
        authority = signer_of(signed, digest, at, authorities)
    except NotBelieved as error:
        raise Refused((problem("LT-STAMP-004", stage, {"reason": _short(error)}),)) from error
    return Stamped(at=at, token=token, digest=digest, authority=authority, serial=serial), nonce


def _short(error: Exception) -> str:
    return ascii(str(error).split("\n", 1)[0])[1:-1][:120]
