"""What came of one attempt. A closed set; each outcome knows whether it may be retried and whether it counts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from schemas.problem import Problem


class Outcome(StrEnum):
    """The result of one attempt, as it stands in the journal."""

    ACCEPTED = "accepted"  # the receiver took it
    DUPLICATE = "duplicate"  # the receiver already had it
    REJECTED = "rejected"  # the receiver refuses this content: a person must act
    REFUSED = "refused"  # the receiver refuses us (login, certificate, rights)
    UNAVAILABLE = "unavailable"  # nobody there; surely not taken
    THROTTLED = "throttled"  # asked to come later
    UNCLEAR = "unclear"  # bytes were sent and no usable answer came
    BAD_REPLY = "bad-reply"  # an answer outside the contract: as unclear, with the answer kept
    LOCAL_FAULT = "local-fault"  # ours: shutdown, breaker, lease; never counts

    @property
    def settles(self) -> bool:
        """The delivery is done."""
        return self in (Outcome.ACCEPTED, Outcome.DUPLICATE)

    @property
    def may_retry(self) -> bool:
        """The same content may be sent again without asking anybody."""
        return self in (Outcome.REFUSED, Outcome.UNAVAILABLE, Outcome.THROTTLED, Outcome.LOCAL_FAULT)

    @property
    def counts(self) -> bool:
        """Uses up one of the allowed attempts."""
        return self is not Outcome.LOCAL_FAULT

    @property
    def unclear(self) -> bool:
        """Neither success nor failure: the resolver must be asked."""
        return self in (Outcome.UNCLEAR, Outcome.BAD_REPLY)


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """What the wire reports of one attempt, before anything is decided about the delivery."""

    outcome: Outcome
    status: int  # HTTP status; 0 = none came
    code: str  # the partner's own code, verbatim ("0", "-3", "00"); "" = none
    text: str  # the partner's own words for operators, shortened; no citizen's data
    sent: bool  # at least one byte may have reached the receiver
    request_sha256: str
    request_size: int
    reply: bytes  # as received, bounded; b"" = none
    reply_media_type: str
    peer: str  # host:port
    duration_ms: int
    problem: Problem | None = None
    retry_after_s: float | None = None
    others: tuple[Problem, ...] = ()  # what else is wrong, beside `problem`
