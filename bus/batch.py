"""A claim before it is attempted: its content made, its intent said, in one commit; or it is put back."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bus.delivery import State
from bus.outgoing import KEY_AWAY, make_content
from bus.ports import Journal
from bus.records import Claimed, Content, Decision, Intent, NextStep, Preparation, Settlement, WorkItem
from bus.retry import closed, unclear_after_crash, without_key
from bus.trial import Tools, internal_fault
from schemas.problem import Problem, Refused, Stage, problem

log = logging.getLogger("lienthong.batch")


@dataclass(frozen=True, slots=True)
class Ready:
    """May be sent: its intent is on disk."""

    claim: Claimed
    item: WorkItem
    content: Content


@dataclass(frozen=True, slots=True)
class Skip:
    """Not to be sent now."""

    claim: Claimed
    settlement: Settlement | None = None  # to be recorded (parked)
    final: bool = False  # settled long ago: leaves the queue
    rebuild: bool = False  # the queue's copy of the lane is wrong
    pause_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Found:
    """A claim, and what the journal says of it; None = nothing."""

    claim: Claimed
    item: WorkItem | None


def look_up(claims: Sequence[Claimed], journal: Journal) -> tuple[Found, ...]:
    """One look for all of them."""
    items = {item.delivery.id: item for item in journal.work([claim.delivery_id for claim in claims])}
    return tuple(Found(claim, items.get(claim.delivery_id)) for claim in claims)


def make_ready(found: Found, journal: Journal, tools: Tools, *, worker: str, lease_s: float) -> Ready | Skip:
    """Makes the content where it is missing, commits it with the intent, and says what came of it. In the attempt's
    own thread: nobody waits for another's content, and what many commit at once is one commit."""
    verdict = _look(found.claim, found.item, tools)
    if isinstance(verdict, Skip):
        return verdict
    claim = verdict.claim
    made = () if verdict.item.content is not None else ((claim.delivery_id, verdict.content),)
    intent = _intent(verdict, worker, tools.clock.now() + timedelta(seconds=lease_s))
    granted = journal.prepare(Preparation(made, (intent,))).result()
    return verdict if claim.delivery_id in granted else Skip(claim, rebuild=True)


def _look(claim: Claimed, item: WorkItem | None, tools: Tools) -> Ready | Skip:
    if item is None or item.delivery.state.final:
        return Skip(claim, final=True, rebuild=True)
    if not item.is_head:
        return Skip(claim, rebuild=True, pause_s=5.0)
    if item.delivery.state is State.PARKED:  # whoever parked it did not live to tell the queue, or has not yet
        return Skip(claim, rebuild=True)
    if item.delivery.state is State.SENDING:  # by another worker, under a lease that the journal still honours
        return Skip(claim, rebuild=True)
    if item.open_intent and (decision := unclear_after_crash(item.delivery, item.unclear)):
        return Skip(claim, Settlement(None, b"", "", claim.delivery_id, claim.token, decision))
    line = tools.lines.get(item.delivery.endpoint)
    if line is not None and (decision := closed(item.delivery, line.policies.windows, now=tools.clock.now())):
        return Skip(claim, Settlement(None, b"", "", claim.delivery_id, claim.token, decision))
    try:
        content = _obstacle(item, tools) or item.content or _made(item, tools)
    except Refused as refused:
        if refused.problems[0].code not in KEY_AWAY:
            return Skip(claim, parked(claim, *refused.problems))
        return Skip(claim, _without_key(claim, item, refused.problems[0], tools))
    except Exception:  # one message that our program cannot bear must not take the others with it
        log.exception("content broke message=%s endpoint=%s", item.delivery.message_id, item.delivery.endpoint)
        content = (internal_fault(item),)
    if isinstance(content, Content):
        return Ready(claim, item, content)
    return Skip(claim, parked(claim, *content))


def _without_key(claim: Claimed, item: WorkItem, cause: Problem, tools: Tools) -> Settlement:
    log.warning("no key message=%s code=%s: %s", item.delivery.message_id, cause.code, cause.text_en)
    decision = without_key(item.delivery, cause, now=tools.clock.now(), chance=tools.chance())
    return Settlement(None, b"", "", claim.delivery_id, claim.token, decision)


def _made(item: WorkItem, tools: Tools) -> Content | tuple[Problem, ...]:
    line = tools.lines[item.delivery.endpoint]
    return make_content(item, line.adapter, signer=tools.signer, render=tools.render, lock=line.lock)


def _obstacle(item: WorkItem, tools: Tools) -> tuple[Problem, ...]:
    """Why it cannot be sent, whatever it says: nowhere to send it, or something has to be there before it."""
    delivery = item.delivery
    values = {"operation": delivery.operation, "endpoint": delivery.endpoint}
    line = tools.lines.get(delivery.endpoint)
    operation = line.adapter.manifest.operations.get(delivery.operation) if line is not None else None
    if operation is None:
        return (problem("LT-DLV-010", Stage.DELIVER, values),)
    if operation.after and operation.after not in item.taken_there:
        return (problem("LT-DLV-005", Stage.DELIVER, {**values, "after": operation.after}),)
    return ()


def poison(claim: Claimed) -> Settlement:
    """A delivery whose leases ran out three times: parked, whoever holds it."""
    return parked(claim, problem("LT-DLV-006", Stage.DELIVER, {"endpoint": claim.endpoint}))


def parked(claim: Claimed, cause: Problem, *others: Problem) -> Settlement:
    """Decided without an attempt: left to a person, with all that is wrong."""
    decision = Decision(NextStep.PARK, cause.text_vi, problem=cause, counts=False, others=others)
    return Settlement(None, b"", "", claim.delivery_id, claim.token, decision)


def _intent(ready: Ready, worker: str, until: datetime) -> Intent:
    return Intent(ready.claim.delivery_id, ready.item.next_attempt, ready.claim.token, worker, until)
