"""One attempt that is being made: its means, its deadline, and what is on record when nothing comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from adapters.adapter import Adapter
from adapters.wire.contract import OutboundWire, Target
from bus.delivery import Attempt
from bus.outcome import Outcome
from bus.outgoing import Lock, Render, Signer
from bus.policies import Policies
from bus.ports import Clock
from bus.records import Claimed, Decision, NextStep, Settlement, WorkItem
from bus.retry import RetryPolicy
from bus.routing import House
from schemas.problem import Problem, Stage, problem


@dataclass(frozen=True, slots=True)
class Line:
    """One endpoint ready for use: its adapter, address, wire and policies."""

    adapter: Adapter
    target: Target
    wire: OutboundWire
    policies: Policies
    lock: Lock | None = None  # encrypts what is sent there; None = it goes as it is


@dataclass(frozen=True, slots=True)
class Tools:
    """What an attempt needs, wired once."""

    lines: Mapping[str, Line]
    house: House
    render: Render
    signer: Signer
    clock: Clock
    chance: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Trial:
    """One attempt that is being made."""

    item: WorkItem
    claim: Claimed
    worker: str
    tools: Tools
    may_send: Callable[[], bool]  # the lease is surely ours still; asked right before the bytes of the message leave
    started_at: datetime
    began: float  # clock.monotonic

    @classmethod
    def begin(cls, item: WorkItem, claim: Claimed, tools: Tools, *, worker: str, may_send: Callable[[], bool]) -> Trial:
        """Starts the clock."""
        return cls(item, claim, worker, tools, may_send, tools.clock.now(), tools.clock.monotonic())

    @property
    def line(self) -> Line:
        """The endpoint's."""
        return self.tools.lines[self.item.delivery.endpoint]

    @property
    def policy(self) -> RetryPolicy:
        """What holds for this message and operation at the endpoint."""
        return self.line.policies.of(self.item.message.envelope.kind, operation=self.item.delivery.operation)

    def left_s(self) -> float:
        """Of the one deadline for everything: asking, logging in, sending, reading."""
        return self.began + self.policy.timeout_s - self.tools.clock.monotonic()

    def duration_ms(self) -> int:
        """So far."""
        return int((self.tools.clock.monotonic() - self.began) * 1000)


def blank_fact(trial: Trial) -> Attempt:
    """An attempt of which nothing is known but that it was ours."""
    return Attempt(
        delivery_id=trial.item.delivery.id, number=trial.item.next_attempt,
        by=trial.item.delivery.asked_by or "worker", worker=trial.worker,
        token=trial.claim.token, started_at=trial.started_at, duration_ms=trial.duration_ms(),
        outcome=Outcome.LOCAL_FAULT, status=0, code="", text="", problem_code="", request_sha256="", request_size=0,
        reply_sha256="", reply_size=0, peer="",
    )  # fmt: skip


def not_made(trial: Trial) -> Settlement:
    """For a reason of ours (shutdown, lease) nothing of the message was sent: it does not count."""
    now = trial.tools.clock.now()
    decision = Decision(NextStep.WAIT, "Dừng ở phía ta, chưa gửi", next_at=now, counts=False)
    return Settlement(blank_fact(trial), b"", "", trial.item.delivery.id, trial.claim.token, decision)


def broken(trial: Trial) -> Settlement:
    """Our own program failed in the middle: bytes may have left, so it is unclear, and a person must see it."""
    cause = internal_fault(trial.item)
    fact = replace(blank_fact(trial), outcome=Outcome.UNCLEAR, problem_code=cause.code)
    decision = Decision(NextStep.PARK, cause.text_vi, problem=cause, counts=False)
    return Settlement(fact, b"", "", trial.item.delivery.id, trial.claim.token, decision)


def internal_fault(item: WorkItem) -> Problem:
    """For the operator; the traceback stands in the log under the message's id."""
    values = {"operation": item.delivery.operation, "endpoint": item.delivery.endpoint}
    return problem("LT-DLV-008", Stage.DELIVER, values)
