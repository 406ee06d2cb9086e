"""Whether a revocation list that was fetched may take the place of the one that is there."""

from __future__ import annotations

from cryptography import x509

from schemas.problem import Refused
from signing.trust.papers import read_list
from signing.trust.revocation import is_by
from signing.trust.store import TrustStore


def judge_list(data: bytes, store: TrustStore, *, before: bytes | None) -> str | None:
    """None: it may. "": it is the one that is there. Else why not."""
    try:
        found = read_list(data, name="fetched")
    except Refused as refused:
        return refused.problems[0].text_en
    authorities = (*store.anchors, *store.intermediates)
    if not any(is_by(found, each) for each in authorities):
        return f"not signed by an authority of this store: {found.issuer.rfc4514_string()[:120]}"
    old = _read(before)
    if old is None or old.issuer != found.issuer:
        return None
    if old.signature == found.signature:
        return ""
    if found.last_update_utc < old.last_update_utc:
        return f"older than the list that is there: {found.last_update_utc:%Y-%m-%d %H:%M}Z"
    return None


def _read(data: bytes | None) -> x509.CertificateRevocationList | None:
    try:
        return read_list(data, name="kept") if data is not None else None
    except Refused:
        return None
