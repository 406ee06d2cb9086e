"""What proves a certificate's standing for whoever judges it much later: XAdES keeps it with a signature (level LT)."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from signing.trust.asking import StatusSource
from signing.trust.judge import Believed
from signing.trust.revocation import is_by
from signing.trust.store import TrustStore
from signing.xades.sign import LongTerm


def long_term(believed: Believed, store: TrustStore, source: StatusSource | None, *, now: datetime) -> LongTerm:
    """Of a certificate that is believed: the authorities above it, their lists, and answers about each but the
    anchor, fetched where the source lacks them."""
    papers = [x509.load_der_x509_certificate(der) for der in believed.chain]
    lists = [each for each in store.evidence.lists if any(is_by(each, one) for one in papers[1:])]
    answers: list[bytes] = list(store.evidence.answers)
    if source is not None:
        answers += [data for one, issuer in pairwise(papers) for data in source.ask(one, issuer, now=now).answers]
    return LongTerm(
        certificates=believed.chain[1:],
        lists=tuple(each.public_bytes(serialization.Encoding.DER) for each in lists),
        answers=tuple(answers),
    )
