"""What was found of the signatures inside a message's attachments, and what waits to be looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType


class AttachmentPolicy(StrEnum):
    """What the signatures inside attachments are to us."""

    OFF = "off"  # not looked at
    REPORT = "report"  # looked at after acceptance; what is found stands with the message
    WARN = "warn"  # the same, and what is wrong is told to the operators
    REFUSE = "refuse"  # looked at before acceptance; a message with a wrong one is refused


class Judgement(StrEnum):
    """How an attachment stands by its signatures."""

    INVALID = "invalid"  # a signature does not fit its content
    CHANGED = "changed"  # it was added to after signing
    UNEXAMINED = "unexamined"  # it could not be read, or the file a signature is over is not there
    UNTRUSTED = "untrusted"  # intact, but the signer, the digest or the time is not to be believed
    UNSIGNED = "unsigned"
    VALID = "valid"


WRONG = (Judgement.INVALID, Judgement.CHANGED, Judgement.UNEXAMINED, Judgement.UNTRUSTED)  # the worst first


JUDGEMENTS: Mapping[Judgement, tuple[str, str]] = MappingProxyType(
    {
        Judgement.VALID: ("hợp lệ", "valid"),
        Judgement.UNSIGNED: ("không có chữ ký", "unsigned"),
        Judgement.UNTRUSTED: ("chưa tin được người ký", "signer not trusted"),
        Judgement.UNEXAMINED: ("không xem được", "could not be examined"),
        Judgement.CHANGED: ("tệp bị thêm sau khi ký", "changed after signing"),
        Judgement.INVALID: ("không khớp nội dung", "invalid"),
    }
)  # for people: Vietnamese, English


def worst_of(judgements: tuple[Judgement, ...]) -> Judgement:
    """The one that a message with several attachments is listed by."""
    order = tuple(Judgement)
    return min(judgements, key=order.index, default=Judgement.UNSIGNED)


@dataclass(frozen=True, slots=True)
class AttachmentFact:
    """What is kept of one attachment: codes, digests, an agency's name; no name of a person or of a file."""

    place: str  # in the canonical message, "TepDinhKem[2]"
    kind: str  # "pdf" | "cms"
    sha256: str  # of its content
    size_bytes: int
    judgement: Judgement
    codes: tuple[str, ...] = ()  # of the problems found
    signers: tuple[Mapping[str, object], ...] = ()  # JSON, see bus.attachments


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message whose attachments nobody has looked at yet."""

    message_id: str
    policy: AttachmentPolicy
    tries: int  # this one included
    since: datetime


@dataclass(frozen=True, slots=True)
class Examination:
    """As it stands with a message."""

    policy: AttachmentPolicy
    done: bool  # False: it waits
    worst: Judgement | None  # None while it waits
    since: datetime
    at: datetime | None = None  # when it was recorded
    attachments: tuple[AttachmentFact, ...] = ()


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits in all."""

    many: int
    oldest: datetime | None
