"""Whether an authority's signature over a time-stamp holds, and its certificate, at the time the stamp states."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any  # asn1crypto and pyhanko hand over untyped values

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko.sign.validation.status import TimestampSignatureStatus
from pyhanko_certvalidator import ValidationContext

from signing.trust import TrustStore
from signing.trust.papers import der_of
from signing.trust.path import subject_of


class NotBelieved(Exception):
    """The stamp proves nothing; the text says why."""


def signer_of(signed: Any, digest: bytes, at: datetime, authorities: TrustStore) -> str:  # Any: asn1crypto
    """The authority's name.

    Raises:
        NotBelieved: its signature or its certificate did not hold at that time.
    """
    try:
        context = ValidationContext(
            trust_roots=[_asn1(paper) for paper in _roots(authorities)],
            other_certs=[_asn1(paper) for paper in authorities.intermediates],
            moment=at,
            allow_fetching=False,
            revocation_mode="soft-fail",
            crls=[each.public_bytes(Encoding.DER) for each in authorities.evidence.lists],
            ocsps=list(authorities.evidence.answers),
        )
        status = TimestampSignatureStatus(**asyncio.run(validate_tst_signed_data(signed, context, lambda _: digest)))
    except Exception as error:
        raise NotBelieved(str(error)) from error
    if not (status.valid and status.intact and status.trusted):
        raise NotBelieved(str(status.trust_problem_indic or ("not intact" if not status.intact else "not trusted")))
    return subject_of(x509.load_der_x509_certificate(status.signing_cert.dump()))


def _roots(authorities: TrustStore) -> tuple[x509.Certificate, ...]:
    return authorities.anchors or tuple(x509.load_der_x509_certificate(der) for der in sorted(authorities.pinned))


def _asn1(paper: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(der_of(paper))
