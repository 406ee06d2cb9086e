"""Whether a certificate of a path was revoked: by list or by status answer, fresh, and signed by the one who may.

"Unknown" is not "valid": what nobody vouches for now is refused, unless the policy of a store says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import ExtensionOID

from signing.trust.asking import NOT_ASKED, Asked
from signing.trust.ocsp import OnList, Status, answer_for
from signing.trust.papers import UNREADABLE, is_authority, may_sign

_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What says of certificates whether they are revoked."""

    lists: tuple[x509.CertificateRevocationList, ...] = ()
    answers: tuple[bytes, ...] = ()  # OCSP responses, DER


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one certificate."""

    status: Status
    source: str  # crl | ocsp | ""
    number: int = 0  # of the revocation list, 0 = none
    until: datetime | None = None  # until when the evidence is fresh
    revoked_at: datetime | None = None
    why: str = ""  # why unknown


def standing(
    paper: x509.Certificate, issuer: x509.Certificate, evidence: Evidence, *, now: datetime, max_age: timedelta,
    asked: Asked = NOT_ASKED,
) -> Standing:  # fmt: skip
    """What the evidence says of one certificate at this moment. A revocation anywhere wins over "good" elsewhere;
    where an answer is needed, a list that says "good" is not enough."""

    def by_lists(one: x509.Certificate) -> list[Standing]:
        return list(_by_lists(one, issuer, evidence.lists, now, max_age))

    def is_revoked(one: x509.Certificate) -> bool:
        return any(each.status is Status.REVOKED for each in by_lists(one))

    answers = (*evidence.answers, *asked.answers)
    said = list(_by_answers(paper, issuer, answers, now, is_revoked))
    found = [*by_lists(paper), *said]
    for each in found:
        if each.status is Status.REVOKED:
            return each
    enough = said if asked.needed else found
    for each in enough:
        if each.status is Status.GOOD:
            return each
    why = asked.why if asked.needed else ""
    reasons = (each.why for each in (*said, *found) if each.why)
    return Standing(Status.UNKNOWN, "", why=why or next(reasons, "no CRL, no OCSP"))


def _by_answers(
    paper: x509.Certificate, issuer: x509.Certificate, answers: Sequence[bytes], now: datetime, is_revoked: OnList
) -> Iterable[Standing]:
    for data in answers:
        answer = answer_for(data, paper, issuer, now=now, is_revoked=is_revoked)
        if answer is not None:
            yield Standing(answer.status, "ocsp", until=answer.until, revoked_at=answer.revoked_at, why=answer.why)


def _by_lists(
    paper: x509.Certificate,
    issuer: x509.Certificate,
    lists: Sequence[x509.CertificateRevocationList],
    now: datetime,
    max_age: timedelta,
) -> Iterable[Standing]:
    ours = [each for each in lists if is_by(each, issuer)]
    for each in sorted(ours, key=lambda one: one.last_update_utc, reverse=True):
        if not _speaks_of(each, paper):
            continue
        until = min(each.next_update_utc or each.last_update_utc + max_age, each.last_update_utc + max_age)
        number = _number(each)
        entry = each.get_revoked_certificate_by_serial_number(paper.serial_number)
        # Also an old list is right about what it lists. What was revoked after the moment that is judged (of a
        # signature with a time-stamp) was good then.
        if entry is not None and entry.revocation_date_utc <= now:
            yield Standing(Status.REVOKED, "crl", number, until, entry.revocation_date_utc)
        elif each.last_update_utc > now + _SKEW:
            yield Standing(Status.UNKNOWN, "crl", number, until, why="list of the future")
        elif until + _SKEW < now:
            yield Standing(Status.UNKNOWN, "crl", number, until, why=f"list expired {until:%Y-%m-%d %H:%M}Z")
        else:
            yield Standing(Status.GOOD, "crl", number, until)


def is_by(each: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    """True if this authority made the list, and may make lists."""
    try:  # a list that came with a signature may hold anything, until it is known to be the issuer's
        if each.issuer != issuer.subject:
            return False
        return may_sign(issuer, lists=True) and each.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
        # (the key may be of a kind that signs nothing: then the call says so)
    except (InvalidSignature, UnsupportedAlgorithm, TypeError, ValueError):
        return False


def _speaks_of(each: x509.CertificateRevocationList, paper: x509.Certificate) -> bool:
    """False for lists that cover other certificates, or changes only, or say something critical we do not know, or
    what nobody can read."""
    try:
        extensions = each.extensions
    except UNREADABLE:
        return False
    for extension in extensions:
        value = extension.value
        if isinstance(value, x509.IssuingDistributionPoint):
            of_authority = is_authority(paper)
            if value.indirect_crl or value.only_some_reasons or value.only_contains_attribute_certs:
                return False
            if (value.only_contains_user_certs and of_authority) or (value.only_contains_ca_certs and not of_authority):
                return False
        elif extension.critical or extension.oid == ExtensionOID.DELTA_CRL_INDICATOR:
            return False
    return True


def _number(each: x509.CertificateRevocationList) -> int:
    try:
        return each.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except x509.ExtensionNotFound:
        return 0
