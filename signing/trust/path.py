"""The path from a certificate to an anchor of a store, by the cryptographic library's own verifier.

Agencies' certificates have no SubjectAltName and often unusual extensions, so nothing is demanded of the end
certificate there; its key usage is ours to check. Authorities are checked by the library's web defaults.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.verification import ExtensionPolicy, PolicyBuilder, Store, VerificationError

from schemas.problem import Refused, Stage, problem
from signing.trust.papers import is_in_its_days, may_sign
from signing.trust.store import TrustStore


def path_of(
    paper: x509.Certificate, sent: Sequence[x509.Certificate], store: TrustStore, *, now: datetime, stage: Stage
) -> tuple[x509.Certificate, ...]:
    """The certificate, its issuer, … , the anchor. `sent`: what came with the message; helps to find the path and is
    trusted for nothing.

    Raises:
        Refused: not valid now, not for signing, or no path (LT-TRUST-010 … 012).
    """
    _valid_now(paper, now=now, stage=stage)
    if not may_sign(paper):
        raise Refused((problem("LT-TRUST-011", stage, {"subject": subject_of(paper)}),))
    if not store.anchors:
        raise _no_path(paper, "–", stage)
    builder = (
        PolicyBuilder()
        .store(Store(list(store.anchors)))
        .time(now)
        .max_chain_depth(store.rules.depth)
        .extension_policies(ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=ExtensionPolicy.permit_all())
    )
    try:
        verified = builder.build_client_verifier().verify(paper, [*store.intermediates, *sent[: store.rules.depth]])
    except (VerificationError, UnsupportedAlgorithm, ValueError, TypeError) as error:
        raise _no_path(paper, _reason_of(error), stage) from error
    return tuple(verified.chain)


def _reason_of(error: Exception) -> str:
    """The verifier's own words say little to who reads Vietnamese; the commonest are said in both."""
    said = str(error).split("\n", 1)[0][:120]
    nobody = "candidates exhausted" in said
    return "không bên cấp nào trong kho khớp / no issuer in the store fits" if nobody else said


def subject_of(paper: x509.Certificate) -> str:
    """Whom it names, as one line: letters of any language, and nothing that could pass for another line."""
    try:
        named = paper.subject.rfc4514_string()
        return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in named)[:160]
    except ValueError:
        return "?"


def _valid_now(paper: x509.Certificate, *, now: datetime, stage: Stage) -> None:
    if not is_in_its_days(paper, now):
        values = {
            "subject": subject_of(paper),
            "first": f"{paper.not_valid_before_utc:%Y-%m-%d}",
            "last": f"{paper.not_valid_after_utc:%Y-%m-%d}",
        }
        raise Refused((problem("LT-TRUST-010", stage, values),))


def _no_path(paper: x509.Certificate, reason: str, stage: Stage) -> Refused:
    return Refused((problem("LT-TRUST-012", stage, {"subject": subject_of(paper), "reason": reason}),))
