"""What was found of the signatures inside a message's attachments, as the console shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bus.records import Examination, Judgement
from bus.records.examining import JUDGEMENTS, AttachmentFact
from bus.web.console.figures import Moment, moment, size
from bus.web.console.words import Sign
from schemas.problem import catalogue

_LOOKS: Mapping[Judgement, tuple[str, str]] = {  # icon, class in the style sheet
    Judgement.VALID: ("✓", "delivered"),
    Judgement.UNSIGNED: ("–", "ready"),
    Judgement.UNTRUSTED: ("?", "unclear"),
    Judgement.UNEXAMINED: ("?", "unclear"),
    Judgement.CHANGED: ("!", "parked"),
    Judgement.INVALID: ("×", "rejected"),
}


@dataclass(frozen=True, slots=True)
class SignerView:
    """One signature."""

    who: str  # an agency; never a person
    serial: str
    stamped: Moment | None
    claimed: Moment | None


@dataclass(frozen=True, slots=True)
class AttachmentView:
    """One attachment."""

    place: str
    kind: str
    size: str
    sha256: str
    sign: Sign
    signers: tuple[SignerView, ...]
    reasons: tuple[tuple[str, str, str], ...]  # code, what it is, what to do


@dataclass(frozen=True, slots=True)
class ExaminedView:
    """All of a message."""

    waits: bool
    at: Moment
    files: tuple[AttachmentView, ...]


def examined_view(found: Examination | None) -> ExaminedView | None:
    """None = there was nothing to look at."""
    if found is None:
        return None
    return ExaminedView(not found.done, moment(found.at or found.since), tuple(map(_file, found.attachments)))


def _file(one: AttachmentFact) -> AttachmentView:
    icon, tone = _LOOKS[one.judgement]
    word = JUDGEMENTS[one.judgement][0]
    known = catalogue()
    return AttachmentView(
        place=one.place, kind=one.kind.upper(), size=size(one.size_bytes), sha256=one.sha256,
        sign=Sign(word[:1].upper() + word[1:], icon, tone, ""), signers=tuple(map(_signer, one.signers)),
        reasons=tuple((code, known[code].vi.partition(":")[0], known[code].do_vi) for code in one.codes
                      if code in known),
    )  # fmt: skip


def _signer(one: Mapping[str, object]) -> SignerView:
    return SignerView(
        str(one["organisation"] or "cá nhân"), str(one["serial"]) or "–", _moment(one["stamped_at"]),
        _moment(one["claimed_at"]),
    )  # fmt: skip


def _moment(text: object) -> Moment | None:
    return moment(datetime.fromisoformat(str(text))) if text else None
