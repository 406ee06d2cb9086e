"""Signatures inside attachments: what is kept of a report on them, and what a policy makes of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bus.masking import mask_text
from bus.records.examining import JUDGEMENTS, WRONG, AttachmentFact, Judgement
from schemas.message import sha256_hex
from schemas.problem import Problem, Stage, problem
from signing.attachments import Coverage, Report, Signer, Standing

MOST = 64  # attachments of one message that are looked at; the others are told as unexamined
_HINDERED = "LT-ATT-008"


# ---------------------------------------------------------------- what is kept


def fact_of(place: str, data: bytes, report: Report) -> AttachmentFact:
    """Without texts: those may name people."""
    return AttachmentFact(
        place, report.kind, report.sha256, len(data), judgement_of(report),
        tuple(dict.fromkeys(found.code for found in report.all_problems)), tuple(map(_signer, report.signers)),
    )  # fmt: skip


def unexamined(place: str, kind: str, data: bytes, code: str) -> AttachmentFact:
    """One that nobody could look at."""
    return AttachmentFact(place, kind, sha256_hex(data), len(data), Judgement.UNEXAMINED, (code,))


def judgement_of(report: Report) -> Judgement:
    """The worst that holds, a later good signature over the whole file excusing what an earlier one left open."""
    if report.problems or any(each.coverage is Coverage.BESIDE for each in report.signers):
        return Judgement.UNEXAMINED
    if not report.signed:
        return Judgement.UNSIGNED
    if not all(each.intact for each in report.signers):
        return Judgement.INVALID
    whole = [each for each in report.signers if each.coverage is Coverage.WHOLE]
    if not whole or any(each.coverage is Coverage.PART for each in report.signers):
        return Judgement.CHANGED
    open_ = [each for each in report.signers if each.coverage is Coverage.EARLIER]
    if any(not each.good for each in whole) or any(_doubtful(each) for each in open_):
        return Judgement.UNTRUSTED
    return Judgement.VALID


def _doubtful(signer: Signer) -> bool:
    """Beside not covering all, which a later signature does."""
    return signer.standing is not Standing.TRUSTED or any(found.code != "LT-ATT-003" for found in signer.problems)


def _signer(signer: Signer) -> dict[str, object]:
    return {
        "organisation": mask_text(signer.agency), "serial": signer.serial,
        "certificate_sha256": signer.certificate_sha256, "intact": signer.intact, "coverage": signer.coverage.value,
        "digest": signer.digest, "claimed_at": _moment(signer.claimed_at), "stamped_at": _moment(signer.stamped_at),
        "standing": signer.standing.value, "revocation": signer.revocation,
        "codes": [found.code for found in signer.problems],
    }  # fmt: skip


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


# ---------------------------------------------------------------- what a policy makes of it


def is_hindered(fact: AttachmentFact) -> bool:
    """It was us, not the file: another try may go well."""
    return fact.judgement is Judgement.UNEXAMINED and _HINDERED in fact.codes


def wrong_ones(found: Sequence[AttachmentFact]) -> tuple[AttachmentFact, ...]:
    """Those that a message is warned of, or refused for. A file that nobody signed is none: which papers must be
    signed is for the procedure to say."""
    return tuple(each for each in found if each.judgement in WRONG)


def refusals(found: Sequence[AttachmentFact]) -> tuple[Problem, ...]:
    """Why a message with these is refused; () = it is not."""
    return tuple(
        problem(
            "LT-ATT-009", Stage.RECEIVE,
            {"place": each.place, "said_vi": JUDGEMENTS[each.judgement][0], "said_en": JUDGEMENTS[each.judgement][1],
             "codes": ", ".join(each.codes) or "–"},
        )
        for each in wrong_ones(found)
    )  # fmt: skip
