"""Judges what stands in an attachment's signatures: by our trust store, at the time a believed authority stamped it,
else now. What the signer states of the time is believed by nobody; where it alone would save a certificate that has
run out since, the report says so.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any  # facts are JSON

from cryptography import x509
from cryptography.x509.oid import NameOID

from schemas.message import sha256_hex
from schemas.problem import Problem, Refused, Stage, problem
from schemas.signable import signable_kind
from signing.attachments.apart import SECONDS, Hindered, Unreadable, facts_apart
from signing.attachments.report import Coverage, Report, Signer, Standing
from signing.policy import PARTNER_LEGACY
from signing.stamp.tokens import check
from signing.trust import Evidence, Trust, TrustStore
from signing.trust.papers import read_list
from signing.trust.path import subject_of

SIZE_LIMIT = 32 * 1024 * 1024  # bytes
_STRONG = frozenset({"sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512"})
_EXPIRED, _UNKNOWN = "LT-TRUST-010", "LT-TRUST-014"
# A name of a PDF may be written with escapes; whoever reads it sees the plain one.
_ESCAPED = re.compile(rb"/(?=[A-Za-z]{0,9}#)((?:[A-Za-z]|#[0-9A-Fa-f]{2}){9})(?![A-Za-z#])")


@dataclass(frozen=True, slots=True)
class _Judging:
    trust: Trust | None  # asks nobody: for moments that are over
    live: Trust | None  # may ask responders: for now
    authorities: TrustStore | None
    now: datetime
    stage: Stage


def may_be_signed(pdf: bytes) -> bool:
    """Every signature says which bytes it is over, under a name that nothing compresses or encrypts: what has no such
    name has no signature, and costs no process of its own."""
    if b"/ByteRange" in pdf:
        return True
    found = (re.sub(rb"#(..)", lambda one: bytes.fromhex(one[1].decode()), each[1]) for each in _ESCAPED.finditer(pdf))
    return b"ByteRange" in found


def examine(
    data: bytes,
    *,
    trust: TrustStore | Trust | None,
    now: datetime,
    authorities: TrustStore | None = None,
    content: bytes | None = None,
    stage: Stage = Stage.RECEIVE,
    seconds: float = SECONDS,
) -> Report:
    """Never raises for what is in the attachment. `trust`: None = nobody is believed; one that asks
    responders does so for a signature that is judged as of now; `authorities`: of time;
    `content`: what a signature beside it (.p7s) is over."""
    kind = signable_kind(data)
    digest = sha256_hex(data)
    if not kind:
        return Report("other", digest, (), ())
    if len(data) > SIZE_LIMIT:
        return Report(kind, digest, (), (_said("LT-ATT-001", stage, reason=f"> {SIZE_LIMIT} byte"),))
    if kind == "pdf" and not may_be_signed(data):
        return Report(kind, digest, (), ())
    try:
        facts = facts_apart(kind, data, content, seconds=seconds)
    except Unreadable as error:
        return Report(kind, digest, (), (_said("LT-ATT-001", stage, reason=error),))
    except Hindered as error:
        return Report(kind, digest, (), (_said("LT-ATT-008", stage, reason=error),))
    judging = _judging(trust, authorities, now, stage)
    return Report(kind, digest, tuple(_signer(each, judging) for each in facts), ())


def _judging(trust: TrustStore | Trust | None, authorities: TrustStore | None, now: datetime, stage: Stage) -> _Judging:
    if trust is None:
        return _Judging(None, None, authorities, now, stage)
    if isinstance(trust, Trust):
        return _Judging(Trust(trust.store, PARTNER_LEGACY), trust, authorities, now, stage)
    asks_nobody = Trust(trust, PARTNER_LEGACY)
    return _Judging(asks_nobody, asks_nobody, authorities, now, stage)


def _signer(facts: dict[str, Any], judging: _Judging) -> Signer:
    stage, certificate = judging.stage, base64.b64decode(facts["certificate"])
    coverage, digests = Coverage(facts["coverage"]), [str(each) for each in facts["digests"]]
    digest = next((each for each in digests if each not in _STRONG), digests[0])
    problems: list[Problem] = []
    if coverage is Coverage.BESIDE:
        problems.append(_said("LT-ATT-006", stage))
    elif not facts["intact"]:
        problems.append(_said("LT-ATT-002", stage))
    if coverage in (Coverage.EARLIER, Coverage.PART):
        problems.append(_said("LT-ATT-003", stage))
    if digest not in _STRONG:
        problems.append(_said("LT-ATT-004", stage, digest=ascii(digest)[1:40]))
    stamped, authority = _stamped(facts, judging)
    claimed = _moment(facts["claimed"])
    moment = stamped or judging.now
    standing, revocation, cause = _standing(facts, certificate, judging, moment=moment, claimed=claimed)
    if cause is not None:
        problems.append(cause)
    return Signer(
        name=str(facts["name"]), subject=_subject(certificate), agency=_agency(certificate),
        serial=_serial(certificate), certificate_sha256=sha256_hex(certificate),
        intact=bool(facts["intact"]), coverage=coverage, digest=digest, claimed_at=claimed, stamped_at=stamped,
        authority=authority, judged_at=moment, standing=standing, revocation=revocation, problems=tuple(problems),
    )  # fmt: skip


def _standing(
    facts: dict[str, Any], certificate: bytes, judging: _Judging, *, moment: datetime, claimed: datetime | None
) -> tuple[Standing, str, Problem | None]:
    """With the problem, where it is not to be believed as it stands."""
    if judging.trust is None or judging.live is None:
        return Standing.UNTRUSTED, "unknown", _said("LT-ATT-011", judging.stage)
    if not certificate:
        return Standing.UNTRUSTED, "unknown", _said("LT-ATT-005", judging.stage, reason="–")
    sent = [base64.b64decode(each) for each in facts["sent"]]
    evidence = _evidence(facts)
    try:
        _believe(judging, certificate, sent, moment=moment, evidence=evidence)
    except Refused as refused:
        cause = refused.problems[0]
    except Exception as error:  # a hostile certificate: what cannot be judged is not believed
        return Standing.UNTRUSTED, "unknown", _said("LT-ATT-005", judging.stage, reason=type(error).__name__)
    else:
        return Standing.TRUSTED, "good", None
    if cause.code == _EXPIRED and claimed is not None and claimed < moment:
        try:
            judging.trust.judge(certificate, sent, now=claimed, evidence=evidence, stage=judging.stage)
        except Exception:  # noqa: S110 - as above: then it is simply not believed
            pass
        else:
            return Standing.CLAIMED, "unknown", _said("LT-ATT-007", judging.stage)
    return (
        Standing.UNTRUSTED,
        "unknown",
        _said("LT-ATT-005", judging.stage, reason=f"{cause.code} {cause.text_vi} / {cause.text_en}"),
    )


def _believe(judging: _Judging, certificate: bytes, sent: list[bytes], *, moment: datetime, evidence: Evidence) -> None:
    """Where nothing says how it stood when it was stamped: what is not revoked today was not then.

    Raises:
        Refused: it is not to be believed.
    """
    assert judging.trust is not None
    assert judging.live is not None
    if moment == judging.now:
        judging.live.judge(certificate, sent, now=moment, evidence=evidence, stage=judging.stage)
        return
    try:
        judging.trust.judge(certificate, sent, now=moment, evidence=evidence, stage=judging.stage)
    except Refused as refused:
        if refused.problems[0].code != _UNKNOWN:
            raise
        judging.live.judge(certificate, sent, now=judging.now, evidence=evidence, stage=judging.stage)


def _stamped(facts: dict[str, Any], judging: _Judging) -> tuple[datetime | None, str]:
    if not facts["token"] or judging.authorities is None:
        return None, ""
    try:
        proved = check(
            base64.b64decode(facts["token"]), base64.b64decode(facts["value"]), judging.authorities, stage=judging.stage
        )
    except Refused:
        return None, ""
    return proved.at, proved.authority


def _evidence(facts: dict[str, Any]) -> Evidence:
    lists = []
    for each in facts["lists"]:
        try:
            lists.append(read_list(base64.b64decode(each), name="attachment"))
        except Refused:
            continue
    return Evidence(tuple(lists), tuple(base64.b64decode(each) for each in facts["answers"]))


def _subject(certificate: bytes) -> str:
    try:
        return subject_of(x509.load_der_x509_certificate(certificate))
    except ValueError:
        return "?"


def _agency(certificate: bytes) -> str:
    try:
        paper = x509.load_der_x509_certificate(certificate)
        found = paper.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    except ValueError:
        return ""
    return str(found[0].value)[:160] if found else ""


def _serial(certificate: bytes) -> str:
    try:
        return f"{x509.load_der_x509_certificate(certificate).serial_number:x}"
    except ValueError:
        return ""


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC) if found is not None else None


def _said(code: str, stage: Stage, **values: object) -> Problem:
    return problem(code, stage, values)
