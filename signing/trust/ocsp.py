"""Status answers (OCSP): whether one is about this certificate, fresh, and signed by its issuer or the one it sent.

Source: ocsp.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from signing.trust.papers import is_in_its_days

SKEW = timedelta(minutes=5)
MAX_AGE = timedelta(days=7)  # of an answer that does not say when the next comes, and of any that is asked for live
_HASHES: tuple[type[hashes.HashAlgorithm], ...] = (hashes.SHA256, hashes.SHA384, hashes.SHA512)


class Status(StrEnum):
    """Of a certificate."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one answer says of one certificate."""

    status: Status
    until: datetime | None = None
    revoked_at: datetime | None = None
    why: str = ""  # why unknown
    since: datetime | None = None  # what it says held then


OnList = Callable[[x509.Certificate], bool]


def answer_for(
    data: bytes, paper: x509.Certificate, issuer: x509.Certificate, *, now: datetime,
    is_revoked: OnList = lambda delegate: False,
) -> Answer | None:  # fmt: skip
    """None = not an answer about this certificate. `is_revoked`: what lists say of a responder's own certificate.
    Never raises for what was sent."""
    try:
        response = ocsp.load_der_ocsp_response(data)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return None
        single = next((each for each in response.responses if _is_about(each, paper, issuer)), None)
        if single is None:
            return None
        if not _rightly_signed(response, issuer, is_revoked, now=now):
            return Answer(Status.UNKNOWN, why="answer not signed by the issuer or its responder")
        return _judged(single, now=now)
    except Exception:  # hostile bytes: the library has many ways to say no
        return None


def _judged(single: ocsp.OCSPSingleResponse, *, now: datetime) -> Answer:
    since = single.this_update_utc
    until = single.next_update_utc or since + MAX_AGE
    revoked_at = single.revocation_time_utc
    if single.certificate_status is ocsp.OCSPCertStatus.REVOKED and (revoked_at is None or revoked_at <= now):
        return Answer(Status.REVOKED, until, revoked_at, since=since)
    if since > now + SKEW:
        return Answer(Status.UNKNOWN, until, why="answer of the future", since=since)
    if until + SKEW < now:
        return Answer(Status.UNKNOWN, until, why=f"answer expired {until:%Y-%m-%d %H:%M}Z", since=since)
    if single.certificate_status is ocsp.OCSPCertStatus.GOOD:
        return Answer(Status.GOOD, until, since=since)
    return Answer(Status.UNKNOWN, until, why="the responder does not know it", since=since)


def _is_about(single: ocsp.OCSPSingleResponse, paper: x509.Certificate, issuer: x509.Certificate) -> bool:
    if single.serial_number != paper.serial_number:
        return False
    hasher = hashes.Hash(single.hash_algorithm)
    hasher.update(issuer.subject.public_bytes())
    by_name = hasher.finalize()
    key = x509.SubjectKeyIdentifier.from_public_key(issuer.public_key()).digest
    if not isinstance(single.hash_algorithm, hashes.SHA1):
        der = issuer.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        hasher = hashes.Hash(single.hash_algorithm)
        hasher.update(_bit_string(der))
        key = hasher.finalize()
    return by_name == single.issuer_name_hash and key == single.issuer_key_hash


def _bit_string(der: bytes) -> bytes:
    """The key bits of a SubjectPublicKeyInfo: what follows the header of its BIT STRING."""
    at = _skip_header(der, 0)  # into the outer SEQUENCE
    at = _after(der, at)  # past the AlgorithmIdentifier
    return der[_skip_header(der, at) + 1 :]  # past the header and the count of unused bits


def _skip_header(der: bytes, at: int) -> int:
    length = der[at + 1]
    return at + 2 + (length & 0x7F if length & 0x80 else 0)


def _after(der: bytes, at: int) -> int:
    start = _skip_header(der, at)
    length = der[at + 1]
    size = int.from_bytes(der[at + 2 : start], "big") if length & 0x80 else length
    return start + size


def _rightly_signed(
    response: ocsp.OCSPResponse, issuer: x509.Certificate, is_revoked: OnList, *, now: datetime
) -> bool:
    if not isinstance(response.signature_hash_algorithm, _HASHES):
        return False
    for signer in (issuer, *response.certificates[:4]):
        may = signer is issuer or (_is_delegate(signer, issuer, now=now) and not is_revoked(signer))
        if may and _signed_by(response, signer):
            return True
    return False


def _is_delegate(paper: x509.Certificate, issuer: x509.Certificate, *, now: datetime) -> bool:
    """Sent by the issuer itself to answer for it, and valid now."""
    try:
        paper.verify_directly_issued_by(issuer)
        usage = paper.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (InvalidSignature, ValueError, TypeError, x509.ExtensionNotFound):
        return False
    return is_in_its_days(paper, now) and ExtendedKeyUsageOID.OCSP_SIGNING in usage


def _signed_by(response: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    public, algorithm = signer.public_key(), response.signature_hash_algorithm
    if algorithm is None:
        return False
    try:
        if isinstance(public, rsa.RSAPublicKey):
            public.verify(response.signature, response.tbs_response_bytes, padding.PKCS1v15(), algorithm)
        elif isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(algorithm))
        else:
            return False
    except InvalidSignature:
        return False
    return True
