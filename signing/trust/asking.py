"""Asking a responder about a certificate (OCSP): what is asked, and what its reply is worth. No network: whoever has
one implements `StatusSource`.

Source: ocsp.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from signing.trust.ocsp import MAX_AGE, SKEW, Status, answer_for
from signing.trust.papers import UNREADABLE

Certificate = x509.Certificate  # for whoever asks: it is handed on, not looked into
MEDIA_QUERY, MEDIA_REPLY = "application/ocsp-request", "application/ocsp-response"
_UNREADABLE = "unreadable answer"
_NONCE = 16  # bytes; older responders take no longer one
_MOST = 4  # addresses looked at in one certificate


@dataclass(frozen=True, slots=True)
class Asked:
    """What a source has about one certificate."""

    needed: bool = False  # without a good answer the certificate is not good, whatever a list says
    answers: tuple[bytes, ...] = ()  # DER; judged like any other evidence
    why: str = ""  # why there is none


NOT_ASKED = Asked()


class StatusSource(Protocol):
    """Where answers come from. Only asked about certificates whose path to an anchor is good already."""

    def ask(self, paper: x509.Certificate, issuer: x509.Certificate, *, now: datetime) -> Asked:
        """What is known now; may wait a bounded time. Never raises."""


@dataclass(frozen=True, slots=True)
class Query:
    """One question."""

    body: bytes
    nonce: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What a reply is worth."""

    status: Status
    data: bytes = b""  # b"" = nothing in it may be kept
    since: datetime | None = None  # what it says held then
    until: datetime | None = None
    why: str = ""  # why unknown

    @property
    def is_unreadable(self) -> bool:
        """It is no reply of a responder at all."""
        return self.why == _UNREADABLE


def query(paper: x509.Certificate, issuer: x509.Certificate) -> Query:
    """About one certificate. The hash only names the issuer, it protects nothing: SHA-1 is what every responder
    knows."""
    nonce = secrets.token_bytes(_NONCE)
    builder = ocsp.OCSPRequestBuilder().add_certificate(paper, issuer, hashes.SHA1())  # noqa: S303 - see above
    request = builder.add_extension(x509.OCSPNonce(nonce), critical=False).build()
    return Query(request.public_bytes(serialization.Encoding.DER), nonce)


def read_reply(
    data: bytes, asked: Query, paper: x509.Certificate, issuer: x509.Certificate, *, now: datetime, needs_nonce: bool
) -> Reply:
    """A reply that speaks of another question, or of nobody's, is worth nothing. Never raises for what was sent."""
    try:
        response = ocsp.load_der_ocsp_response(data)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return Reply(Status.UNKNOWN, why=f"the responder says {response.response_status.name.lower()}")
        nonce = _nonce(response)
    except Exception:  # hostile bytes: the library has many ways to say no
        return Reply(Status.UNKNOWN, why=_UNREADABLE)
    if (nonce is None and needs_nonce) or nonce not in (None, asked.nonce):
        return Reply(Status.UNKNOWN, why="answer to another question (nonce)")
    answer = answer_for(data, paper, issuer, now=now)
    if answer is None:
        return Reply(Status.UNKNOWN, why="answer about another certificate")
    until = answer.until
    if answer.since is not None and until is not None:
        until = min(until, answer.since + MAX_AGE)
        if answer.status is Status.GOOD and until + SKEW < now:
            return Reply(Status.UNKNOWN, b"", answer.since, until, f"answer is older than {MAX_AGE.days} days")
    kept = data if answer.status is not Status.UNKNOWN else b""
    return Reply(answer.status, kept, answer.since, until, answer.why)


def _nonce(response: ocsp.OCSPResponse) -> bytes | None:
    try:
        return response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        return None


def name_of(paper: Certificate) -> str:
    """Its common name; "" = none."""
    found = paper.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""


def responders_of(paper: x509.Certificate) -> tuple[str, ...]:
    """Addresses a certificate names. To be believed by nobody: only those at hosts that were agreed on are asked."""
    try:
        access = paper.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, *UNREADABLE):
        return ()
    places = (each.access_location for each in access if each.access_method == AuthorityInformationAccessOID.OCSP)
    return tuple(place.value for place in places if isinstance(place, x509.UniformResourceIdentifier))[:_MOST]
