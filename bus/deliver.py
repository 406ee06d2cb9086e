"""One attempt: sign the transport, send under one deadline, read and classify the reply, decide, settle."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic

from lxml import etree

from adapters.adapter import Adapter
from adapters.manifest import Operation
from adapters.replies import ReplyVerdict, classify
from adapters.wire.contract import Exchange, Fault, OutboundWire, PartnerReply, SendOrder, Target
from bus.aftermath import aftermath
from bus.delivery import Attempt, Unclear
from bus.outcome import AttemptResult, Outcome
from bus.outgoing import Render
from bus.pipeline import House
from bus.ports import Clock
from bus.questions import question_element
from bus.records import Claimed, Content, Decision, Derived, NextStep, Settlement, WorkItem
from bus.retry import RetryPolicy, Tried, decide
from schemas.message import sha256_hex
from schemas.problem import Problem, Refused, Stage, problem

log = logging.getLogger("lienthong.deliver")


@dataclass(frozen=True, slots=True)
class Line:
    """One endpoint ready for use: its adapter, address, wire and policy."""

    adapter: Adapter
    target: Target
    wire: OutboundWire
    policy: RetryPolicy
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Tools:
    """What an attempt needs, wired once."""

    lines: Mapping[str, Line]
    house: House
    render: Render
    clock: Clock
    chance: Callable[[], float]


def attempt(item: WorkItem, content: Content, claim: Claimed, tools: Tools, *, worker: str) -> Settlement:
    """Makes one attempt and says what it came to. Never raises for what a partner did."""
    line = tools.lines[item.delivery.endpoint]
    started, began = tools.clock.now(), monotonic()
    order = _order(item, content, line)
    deadline = began + line.timeout_s
    if _must_ask(item, line):
        known, asked = _ask(item, line, tools, deadline=deadline)
        if known is None:
            return _settlement(item, claim, tools, asked, None, worker=worker, started=started, began=began)
        order = replace(order, variant="update" if known else "create")
    said = _send(order, line, deadline=deadline)
    return _settlement(item, claim, tools, said, said.reply.element, worker=worker, started=started, began=began)


@dataclass(frozen=True, slots=True)
class _Said:
    exchange: Exchange
    reply: PartnerReply
    verdict: ReplyVerdict


def _order(item: WorkItem, content: Content, line: Line) -> SendOrder:
    known = item.known_there or item.delivery.last_outcome is Outcome.DUPLICATE
    return SendOrder(
        adapter=line.adapter, target=line.target, name=item.delivery.operation, content=content.body,
        signature=content.signature, variant="update" if known else "create",
        message_id=item.message.envelope.id, timeout_s=line.timeout_s,
    )  # fmt: skip


def _must_ask(item: WorkItem, line: Line) -> bool:
    operation = line.adapter.manifest.operations[item.delivery.operation]
    doubtful = item.open_intent or (item.delivery.last_outcome is not None and item.delivery.last_outcome.unclear)
    return doubtful and item.unclear is Unclear.ASK and bool(operation.ask)


def _ask(item: WorkItem, line: Line, tools: Tools, *, deadline: float) -> tuple[bool | None, _Said]:
    """Asks the partner whether the dossier is there: True, False, or None when that too stays unclear."""
    name = line.adapter.manifest.operations[item.delivery.operation].ask
    operation = line.adapter.manifest.operations[name]
    body = _question(item, line.adapter, name, operation, tools)
    order = SendOrder(
        adapter=line.adapter, target=line.target, name=name, content=body, signature="", variant="",
        message_id=item.message.envelope.id, timeout_s=line.timeout_s,
    )  # fmt: skip
    said = _send(order, line, deadline=deadline)
    if said.verdict.outcome == Outcome.ACCEPTED.value:
        return True, said
    if said.verdict.outcome == Outcome.REJECTED.value:
        return False, said
    # Nothing new is known of the message itself: it stays unclear, whatever became of the question.
    return None, replace(said, verdict=replace(said.verdict, outcome=Outcome.UNCLEAR.value, again="", learned=()))


def _question(item: WorkItem, adapter: Adapter, name: str, operation: Operation, tools: Tools) -> bytes:
    element = question_element(item, adapter, operation)
    return tools.render(adapter, name, operation, element)[0]


def _send(order: SendOrder, line: Line, *, deadline: float) -> _Said:
    """One exchange; a login that is no longer good is renewed once, within the same deadline."""
    said = _exchange(order, line, deadline)
    if said.verdict.again == "login" and monotonic() < deadline:
        line.wire.forget_login(order.target.endpoint)
        said = _exchange(order, line, deadline)
    return said


def _exchange(order: SendOrder, line: Line, deadline: float) -> _Said:
    exchange = line.wire.send(replace(order, timeout_s=max(0.1, deadline - monotonic())))
    reply = line.wire.reply(order, exchange)
    return _Said(exchange, reply, classify(line.adapter.manifest.operations[order.name], exchange, reply))


def _settlement(
    item: WorkItem, claim: Claimed, tools: Tools, said: _Said, element: etree._Element | None,
    *, worker: str, started: datetime, began: float,
) -> Settlement:  # fmt: skip
    line = tools.lines[item.delivery.endpoint]
    result = _result(item, said, began)
    update = said.verdict.again == "update" and item.delivery.last_outcome is not Outcome.DUPLICATE
    now = tools.clock.now()
    decision = decide(
        Tried(item.delivery, result, item.unclear, update), line.policy, now=now, chance=tools.chance()
    )  # fmt: skip
    derived: tuple[Derived, ...] = ()
    if decision.step is NextStep.DONE:
        try:
            derived = aftermath(item, line.adapter, element, said.reply.code or "", tools.house, now=now)
        except Refused as refused:  # taken, but what should follow cannot be made: a person must see it
            cause = refused.problems[0]
            decision = Decision(NextStep.PARK, cause.text_vi, problem=cause)
    return Settlement(
        attempt=_fact(item, claim, said, result, worker=worker, started=started, decision=decision),
        reply=said.exchange.body, reply_media_type=said.exchange.headers.get("content-type", ""),
        delivery_id=item.delivery.id, token=claim.token, decision=decision,
        learned=said.verdict.learned, derived=derived,
    )  # fmt: skip


def _result(item: WorkItem, said: _Said, began: float) -> AttemptResult:
    exchange, verdict = said.exchange, said.verdict
    cause: Problem | None = said.reply.problems[0] if said.reply.problems else None
    if verdict.problem_code:
        values = {
            "endpoint": item.delivery.endpoint, "operation": item.delivery.operation,
            "code": said.reply.code or "–", "status": exchange.status or "–",
        }  # fmt: skip
        cause = problem(verdict.problem_code, Stage.DELIVER, values)
    return AttemptResult(
        outcome=Outcome(verdict.outcome), status=exchange.status, code=said.reply.code or "",
        text=(said.reply.text or exchange.detail)[:500], sent=exchange.sent,
        request_sha256=exchange.request_sha256, request_size=exchange.request_size, reply=exchange.body,
        reply_media_type=exchange.headers.get("content-type", ""), peer=exchange.peer,
        duration_ms=int((monotonic() - began) * 1000), problem=cause,
        retry_after_s=_retry_after(exchange) if exchange.fault is Fault.NONE else None,
    )  # fmt: skip


def _retry_after(exchange: Exchange) -> float | None:
    value = exchange.headers.get("retry-after", "")
    return float(value) if value.isdigit() else None


def _fact(
    item: WorkItem, claim: Claimed, said: _Said, result: AttemptResult,
    *, worker: str, started: datetime, decision: Decision,
) -> Attempt:  # fmt: skip
    body = said.exchange.body
    fact = Attempt(
        delivery_id=item.delivery.id, number=item.next_attempt, by="worker", worker=worker, token=claim.token,
        started_at=started, duration_ms=result.duration_ms, outcome=result.outcome, status=result.status,
        code=result.code[:100], text=result.text, problem_code=decision.problem.code if decision.problem else "",
        request_sha256=result.request_sha256, request_size=result.request_size,
        reply_sha256=sha256_hex(body) if body else "", reply_size=len(body), peer=result.peer,
    )  # fmt: skip
    log.info(
        "attempt message=%s endpoint=%s operation=%s number=%d outcome=%s status=%d code=%s ms=%d next=%s until=%s",
        item.delivery.message_id, item.delivery.endpoint, item.delivery.operation, fact.number, fact.outcome.value,
        fact.status, fact.code, fact.duration_ms, decision.step.value, decision.next_at,
    )  # fmt: skip
    return fact


def local_fault(
    item: WorkItem, claim: Claimed, *, worker: str, now: datetime, cause: Problem | None, pause_s: float = 0.0
) -> Settlement:
    """The attempt was not made, for a reason of ours: nothing was sent and it does not count."""
    fact = Attempt(
        delivery_id=item.delivery.id, number=item.next_attempt, by="worker", worker=worker, token=claim.token,
        started_at=now, duration_ms=0, outcome=Outcome.LOCAL_FAULT, status=0, code="", text="",
        problem_code=cause.code if cause else "", request_sha256="", request_size=0, reply_sha256="", reply_size=0,
        peer="",
    )  # fmt: skip
    decision = (
        Decision(NextStep.PARK, cause.text_vi, problem=cause, counts=False)
        if cause
        else Decision(NextStep.WAIT, "Dừng ở phía ta, chưa gửi", next_at=now + timedelta(seconds=pause_s), counts=False)
    )
    return Settlement(fact, b"", "", item.delivery.id, claim.token, decision)
