"""What a partner's replies come to, in the classes operators think in; and known codes that no row covers. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from adapters.manifest import KnownCode, Manifest, Operation, ReplyRule
from adapters.replies import classify, fitting
from adapters.wire.contract import Exchange, Fault, PartnerReply


class ReplyClass(StrEnum):
    """What follows from a reply."""

    TAKEN = "taken"
    DUPLICATE = "duplicate"  # it was there already: delivered, or sent once more as an update
    PERMANENT = "permanent"  # this content is refused: never again by itself, a person must act
    NEEDS_LOGIN = "needs-login"  # we are refused: logged in anew once at once, then tried again later
    RETRYABLE = "retryable"  # surely not taken: tried again later
    UNCLEAR = "unclear"  # nobody knows: asked, repeated where that is safe, or left to a person


_CLASSES = {
    "accepted": ReplyClass.TAKEN,
    "duplicate": ReplyClass.DUPLICATE,
    "rejected": ReplyClass.PERMANENT,
    "refused": ReplyClass.NEEDS_LOGIN,
    "unavailable": ReplyClass.RETRYABLE,
    "throttled": ReplyClass.RETRYABLE,
    "unclear": ReplyClass.UNCLEAR,
    "bad-reply": ReplyClass.UNCLEAR,
}


@dataclass(frozen=True, slots=True)
class Covered:
    """One known code at one operation."""

    operation: str
    known: KnownCode
    reply_class: ReplyClass
    row: int  # of the operation's table, from 1; 0 = no row speaks of it

    def __str__(self) -> str:
        """For people."""
        text = f" “{self.known.text}”" if self.known.text else ""
        return f"{self.operation}: {self.known.code or '–'}{text} ({self.known.vi} / {self.known.en})"


def class_of(outcome: str) -> ReplyClass:
    """The class of an outcome, as the tables name it."""
    return _CLASSES[outcome]


def covered(manifest: Manifest) -> Iterator[Covered]:
    """Every known code at every operation it may come from."""
    for name, operation in manifest.operations.items():
        if not operation.replies:
            continue
        for known in manifest.known_codes:
            if not known.operations or name in known.operations:
                yield _covered(name, operation, known)


def uncovered(manifest: Manifest) -> tuple[Covered, ...]:
    """Those that no row speaks of: their replies would be taken for broken ones."""
    return tuple(one for one in covered(manifest) if not one.row)


def _covered(name: str, operation: Operation, known: KnownCode) -> Covered:
    exchange = Exchange(
        fault=Fault.NONE, sent=True, status=known.status, headers={}, body=b"", peer="", duration_ms=0,
        request_sha256="", request_size=0,
    )  # fmt: skip
    reply = PartnerReply(known.code or None, known.text, None)
    rule = fitting(operation, exchange, reply)
    row = operation.replies.index(rule) + 1 if rule is not None and not _says_nothing(rule) else 0
    return Covered(name, known, class_of(classify(operation, exchange, reply).outcome), row)


def _says_nothing(rule: ReplyRule) -> bool:
    """The last line, for whatever comes."""
    return rule == ReplyRule(rule.outcome, again=rule.again, learn=rule.learn, problem=rule.problem)
