"""What a partner's reply means: the transport first, then the table of the manifest. Pure. Never success by default."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from adapters.manifest import Operation, ReplyRule
from adapters.wire.contract import Exchange, Fault, PartnerReply
from adapters.wire.paths import find

_ON_THE_LINE: Mapping[Fault, str] = {
    Fault.CONNECT: "unavailable",
    Fault.TIMEOUT: "unclear",
    Fault.RESET: "unclear",
    Fault.LOGIN: "refused",
    Fault.KEY: "local-fault",
    Fault.TOO_LARGE: "bad-reply",
}
_BY_STATUS: Mapping[int, str] = {429: "throttled", 503: "unavailable"}
_SETTLES = ("accepted", "duplicate")


@dataclass(frozen=True, slots=True)
class ReplyVerdict:
    """What came of one attempt, as the manifest sees it. `outcome` is a value of bus.outcome.Outcome."""

    outcome: str
    again: str = ""  # "update" | "login" | ""
    learned: tuple[tuple[str, str], ...] = ()  # (party, code) the reply told us
    problem_code: str = ""


def classify(operation: Operation, exchange: Exchange, reply: PartnerReply) -> ReplyVerdict:
    """The verdict on one exchange."""
    if exchange.fault is not Fault.NONE:
        outcome = _ON_THE_LINE[exchange.fault]
        # A fault on the line without a byte sent is surely nothing taken, whatever its name.
        return ReplyVerdict("unavailable" if outcome == "unclear" and not exchange.sent else outcome)
    rule = fitting(operation, exchange, reply)
    if exchange.status in _BY_STATUS and (rule is None or exchange.status not in rule.status):
        return ReplyVerdict(_BY_STATUS[exchange.status])
    if rule is None:
        return ReplyVerdict("bad-reply")
    if reply.problems and rule.outcome in _SETTLES:
        return ReplyVerdict("bad-reply")  # an answer outside the contract is never success
    code = (reply.code or "").strip()
    learned = ((rule.learn, code),) if rule.learn and code else ()
    return ReplyVerdict(rule.outcome, rule.again, learned, rule.problem)


def fitting(operation: Operation, exchange: Exchange, reply: PartnerReply) -> ReplyRule | None:
    """The first row that fits; None = none does."""
    return next((rule for rule in operation.replies if _fits(rule, exchange, reply)), None)


def _fits(rule: ReplyRule, exchange: Exchange, reply: PartnerReply) -> bool:
    # Of an answer outside the contract (a fault, a page) a rule must speak explicitly: "any other code is a
    # rejection" says nothing about it.
    if reply.problems and not rule.status and not rule.text_contains:
        return False
    code = (reply.code or "").strip()
    if rule.status and exchange.status not in rule.status:
        return False
    if rule.code and code not in rule.code:
        return False
    if rule.code_pattern and not _pattern(rule.code_pattern).fullmatch(code):
        return False
    if rule.code_missing is not None and rule.code_missing is not (not code):
        return False
    if (rule.present and not _stands(rule.present, reply)) or (rule.absent and _stands(rule.absent, reply)):
        return False
    if not rule.text_contains:
        return True
    text = folded(reply.text)
    return any(folded(part) in text for part in rule.text_contains)


def _stands(path: str, reply: PartnerReply) -> bool:
    return reply.element is not None and find(reply.element, path) is not None


@lru_cache(maxsize=512)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


@lru_cache(maxsize=2048)
def folded(text: str) -> str:
    """Text for comparing: NFC, case-folded, spaces collapsed.

    >>> folded("  Hồ sơ ĐÃ  tồn tại ")
    'hồ sơ đã tồn tại'
    """
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())
