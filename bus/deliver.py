"""One attempt: ask first where there is a doubt, send under one deadline, read the reply, decide, settle."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from lxml import etree

from adapters.replies import ReplyVerdict, classify
from adapters.wire.contract import Exchange, Fault, PartnerReply, SendOrder
from bus.aftermath import Taken, aftermath
from bus.delivery import Attempt, Unclear
from bus.outcome import AttemptResult, Outcome
from bus.questions import question_element
from bus.records import Content, Decision, Derived, NextStep, Settlement
from bus.retry import Tried, decide, without_key
from bus.trial import Trial, blank_fact, internal_fault, not_made
from schemas.message import sha256_hex
from schemas.problem import Problem, Refused, Stage, problem

log = logging.getLogger("lienthong.deliver")

_FAULTS: Mapping[Fault, str] = {
    Fault.CONNECT: "Không nối được, chưa gửi byte nào",
    Fault.TIMEOUT: "Hết giờ chờ sau khi đã gửi",
    Fault.RESET: "Đứt kết nối sau khi đã gửi",
    Fault.TOO_LARGE: "Lời đáp quá lớn",
    Fault.LOGIN: "Không đăng nhập được, chưa gửi thông điệp",
    Fault.KEY: "Khóa ký không dùng được, chưa gửi gì",
}


@dataclass(frozen=True, slots=True)
class _Said:
    exchange: Exchange
    reply: PartnerReply
    verdict: ReplyVerdict
    nobody_to_ask: bool = False  # the question itself was not answered because the partner is away
    asked: bool = False  # it was a question about the message, and the content was not sent


@dataclass(frozen=True, slots=True)
class _Broken:
    """What should follow from a reply cannot be made."""

    problems: tuple[Problem, ...]


def attempt(trial: Trial, content: Content) -> Settlement:
    """Makes one attempt and says what it came to. Never raises for what a partner did."""
    order = _order(trial, content)
    if _must_ask(trial):
        known, asked = _ask(trial)
        if known is None:
            return _settlement(trial, asked, None)
        order = replace(order, variant="update" if known else "create")
    if trial.left_s() <= 0 or not trial.may_send():  # frozen, or the question took all the time there was
        return not_made(trial)
    said = _send(order, trial)
    return _settlement(trial, said, said.reply.element)


def _order(trial: Trial, content: Content) -> SendOrder:
    item, line = trial.item, trial.line
    known = item.known_there or item.delivery.last_outcome is Outcome.DUPLICATE
    return SendOrder(
        adapter=line.adapter, target=line.target, name=item.delivery.operation, content=content.body,
        signature=content.signature, variant="update" if known else "create",
        message_id=item.message.envelope.id, timeout_s=trial.policy.timeout_s,
    )  # fmt: skip


def _must_ask(trial: Trial) -> bool:
    item = trial.item
    operation = trial.line.adapter.manifest.operations[item.delivery.operation]
    doubtful = item.open_intent or (item.delivery.last_outcome is not None and item.delivery.last_outcome.unclear)
    # What a person sends again the partner had once, by our record. It may have lost it: that would be a creation.
    sent_again = item.known_there and bool(item.delivery.asked_by or item.delivery.used_before)
    return (doubtful or sent_again) and item.unclear is Unclear.ASK and bool(operation.ask)


def _ask(trial: Trial) -> tuple[bool | None, _Said]:
    """Asks the partner whether the dossier is there: True, False, or None when that too stays unclear."""
    item, line = trial.item, trial.line
    name = line.adapter.manifest.operations[item.delivery.operation].ask
    operation = line.adapter.manifest.operations[name]
    body, _ = trial.tools.render(line.adapter, name, operation, question_element(item, line.adapter, operation))
    order = SendOrder(
        adapter=line.adapter, target=line.target, name=name, content=body, signature="", variant="",
        message_id=item.message.envelope.id, timeout_s=trial.policy.timeout_s,
    )  # fmt: skip
    said = _send(order, trial)
    outcome = Outcome(said.verdict.outcome)
    if outcome in (Outcome.ACCEPTED, Outcome.REJECTED):
        return outcome is Outcome.ACCEPTED, said
    # Nothing new is known of the message itself: it stays unclear, whatever became of the question.
    unclear = replace(said.verdict, outcome=Outcome.UNCLEAR.value, again="", learned=())
    return None, replace(said, verdict=unclear, nobody_to_ask=outcome.may_retry, asked=True)


def _send(order: SendOrder, trial: Trial) -> _Said:
    """One exchange; a login that is no longer good is renewed once, within the same deadline."""
    said = _exchange(order, trial)
    if said.verdict.again == "login" and trial.left_s() > 0 and trial.may_send():
        trial.line.wire.forget_login(order.target.endpoint)
        said = _exchange(order, trial)
    return said


def _exchange(order: SendOrder, trial: Trial) -> _Said:
    line = trial.line
    exchange = line.wire.send(replace(order, timeout_s=max(0.1, trial.left_s())))
    reply = line.wire.reply(order, exchange)
    return _Said(exchange, reply, classify(line.adapter.manifest.operations[order.name], exchange, reply))


# ---------------------------------------------------------------- what it came to


def _settlement(trial: Trial, said: _Said, element: etree._Element | None) -> Settlement:
    item, line, now = trial.item, trial.line, trial.tools.clock.now()
    result = _result(trial, said, now=now)
    update = said.verdict.again == "update" and item.delivery.last_outcome is not Outcome.DUPLICATE
    tried = Tried(item.delivery, result, item.unclear, update, said.nobody_to_ask)
    decision = decide(tried, trial.policy, now=now, chance=trial.tools.chance())
    if said.exchange.fault is Fault.KEY:
        values = {"key": "–", "reason": said.exchange.detail}
        cause = problem("LT-SIGN-009", Stage.SIGN, values)
        decision = without_key(item.delivery, cause, now=now, chance=trial.tools.chance())
    derived: tuple[Derived, ...] = ()
    if decision.step is NextStep.DONE:
        made = _derived(trial, Taken(item, line.adapter, element, said.reply.code or "", now))
        if isinstance(made, _Broken):  # taken, but what should follow cannot be made: a person must see it
            first, *others = made.problems
            decision = Decision(NextStep.PARK, first.text_vi, problem=first, others=tuple(others))
        else:
            derived = made
    return Settlement(
        attempt=_fact(trial, said, result, decision),
        reply=said.exchange.body, reply_media_type=said.exchange.headers.get("content-type", ""),
        delivery_id=item.delivery.id, token=trial.claim.token, decision=decision,
        learned=said.verdict.learned, derived=derived,
    )  # fmt: skip


def _derived(trial: Trial, taken: Taken) -> tuple[Derived, ...] | _Broken:
    try:
        return aftermath(taken, trial.tools.house)
    except Refused as refused:
        return _Broken(refused.problems)
    except Exception:
        delivery = trial.item.delivery
        log.exception("aftermath broke message=%s endpoint=%s", delivery.message_id, delivery.endpoint)
        return _Broken((internal_fault(trial.item),))


def _result(trial: Trial, said: _Said, *, now: datetime) -> AttemptResult:
    exchange, verdict, delivery = said.exchange, said.verdict, trial.item.delivery
    causes = said.reply.problems
    if verdict.problem_code:
        values = {
            "endpoint": delivery.endpoint, "operation": delivery.operation,
            "code": said.reply.code or "–", "status": exchange.status or "–",
        }  # fmt: skip
        causes = (problem(verdict.problem_code, Stage.DELIVER, values), *causes)
    return AttemptResult(
        outcome=Outcome(verdict.outcome), status=exchange.status, code=said.reply.code or "",
        text=(said.reply.text or _on_the_line(exchange))[:500], sent=exchange.sent,
        request_sha256=exchange.request_sha256, request_size=exchange.request_size, reply=exchange.body,
        reply_media_type=exchange.headers.get("content-type", ""), peer=exchange.peer,
        duration_ms=trial.duration_ms(), problem=next(iter(causes), None), others=causes[1:],
        retry_after_s=retry_after(exchange, now=now) if exchange.fault is Fault.NONE else None,
    )  # fmt: skip


def _on_the_line(exchange: Exchange) -> str:
    """What went wrong on the line: for operators first, then as the library says it."""
    words = _FAULTS.get(exchange.fault, "")
    return f"{words}: {exchange.detail}" if words and exchange.detail else words or exchange.detail


def retry_after(exchange: Exchange, *, now: datetime) -> float | None:
    """How long the partner asks us to wait, in seconds: it may say so in seconds or as a date. None = it does not."""
    value = exchange.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        until = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    return max(0.0, ((until if until.tzinfo else until.replace(tzinfo=UTC)) - now).total_seconds())


def _fact(trial: Trial, said: _Said, result: AttemptResult, decision: Decision) -> Attempt:
    body, delivery = said.exchange.body, trial.item.delivery
    fact = replace(
        blank_fact(trial), duration_ms=result.duration_ms, outcome=result.outcome, status=result.status,
        code=result.code[:100], text=result.text, problem_code=decision.problem.code if decision.problem else "",
        request_sha256=result.request_sha256, request_size=result.request_size,
        reply_sha256=sha256_hex(body) if body else "", reply_size=len(body), peer=result.peer,
        asked=said.asked,
    )  # fmt: skip
    log.info(
        "attempt message=%s endpoint=%s operation=%s number=%d outcome=%s status=%d code=%s ms=%d next=%s until=%s",
        delivery.message_id, delivery.endpoint, delivery.operation, fact.number, fact.outcome.value,
        fact.status, fact.code, fact.duration_ms, decision.step.value, decision.next_at,
    )  # fmt: skip
    return fact
