"""A claimed batch before it is attempted: contents made, intents said, in one commit; the rest is put back."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bus.deliver import Tools
from bus.outgoing import Signer, make_content
from bus.ports import Journal
from bus.records import Claimed, Content, Decision, Intent, NextStep, Preparation, Settlement, WorkItem
from bus.retry import unclear_after_crash
from schemas.problem import Problem, Stage, problem

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


def prepare_batch(
    claims: Sequence[Claimed], journal: Journal, tools: Tools, signer: Signer, *, worker: str, lease_s: float
) -> Iterator[Ready | Skip]:
    """Looks at each claim, makes missing contents, commits them with the intents, yields what came of each."""
    items = {item.delivery.id: item for item in journal.work([claim.delivery_id for claim in claims])}
    going: list[Ready] = []
    made: list[tuple[str, Content]] = []
    for claim in claims:
        verdict = _look(claim, items.get(claim.delivery_id), tools, signer)
        if isinstance(verdict, Skip):
            yield verdict
            continue
        going.append(verdict)
        if verdict.item.content is None:
            made.append((claim.delivery_id, verdict.content))
    if not going:
        return
    until = tools.clock.now() + timedelta(seconds=lease_s)
    intents = tuple(_intent(ready, worker, until) for ready in going)
    granted = journal.prepare(Preparation(tuple(made), intents)).result()
    for ready in going:
        yield ready if ready.claim.delivery_id in granted else Skip(ready.claim, rebuild=True)


def _look(claim: Claimed, item: WorkItem | None, tools: Tools, signer: Signer) -> Ready | Skip:
    if item is None or item.delivery.state.final:
        return Skip(claim, final=True, rebuild=True)
    if not item.is_head or item.delivery.endpoint not in tools.lines:
        return Skip(claim, rebuild=True, pause_s=5.0)
    if item.open_intent and (decision := unclear_after_crash(item.delivery, item.unclear)):
        return Skip(claim, Settlement(None, b"", "", claim.delivery_id, claim.token, decision))
    if cause := _before(item, tools):
        return Skip(claim, _parked(claim, cause))
    content = item.content or _content(item, tools, signer)
    if not isinstance(content, Content):
        return Skip(claim, _parked(claim, content[0]))
    return Ready(claim, item, content)


def _before(item: WorkItem, tools: Tools) -> Problem | None:
    """What must have been taken there before this one, and was not."""
    line = tools.lines[item.delivery.endpoint]
    after = line.adapter.manifest.operations[item.delivery.operation].after
    if not after or after in item.taken_there:
        return None
    values = {"operation": item.delivery.operation, "endpoint": item.delivery.endpoint, "after": after}
    return problem("LT-DLV-005", Stage.DELIVER, values)


def _content(item: WorkItem, tools: Tools, signer: Signer) -> Content | tuple[Problem, ...]:
    adapter = tools.lines[item.delivery.endpoint].adapter
    try:
        return make_content(item, adapter, signer=signer, render=tools.render)
    except Exception:
        log.exception("content broke message=%s endpoint=%s", item.delivery.message_id, item.delivery.endpoint)
        values = {"operation": item.delivery.operation, "endpoint": item.delivery.endpoint}
        return (problem("LT-DLV-008", Stage.TRANSLATE_OUT, values),)


def poison(claim: Claimed) -> Settlement:
    """A delivery whose leases ran out three times: parked, whoever holds it."""
    return _parked(claim, problem("LT-DLV-006", Stage.DELIVER, {"endpoint": claim.endpoint}))


def _parked(claim: Claimed, cause: Problem) -> Settlement:
    decision = Decision(NextStep.PARK, cause.text_vi, problem=cause, counts=False)
    return Settlement(None, b"", "", claim.delivery_id, claim.token, decision)


def _intent(ready: Ready, worker: str, until: datetime) -> Intent:
    return Intent(ready.claim.delivery_id, ready.item.next_attempt, ready.claim.token, worker, until)
