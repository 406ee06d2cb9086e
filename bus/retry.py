"""What happens after an attempt: pure. Takes the facts and the policy, returns a decision as a value."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bus.days import VIETNAM
from bus.delivery import Delivery, State, Unclear
from bus.outcome import AttemptResult, Outcome
from bus.pauses import Pauses, exponential
from bus.reading import span_text
from bus.records import Decision, NextStep
from bus.windows import ALWAYS, Windows
from schemas.problem import Problem, Stage, problem

_KEY = timedelta(seconds=15)  # between two looks at a key that is away
EXPIRIES = ("LT-EXP-001", "LT-EXP-002")  # the deadline passed: surely not taken, or unclear


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long and how often is tried. Written as one line, see bus.notation."""

    timeout: timedelta = timedelta(seconds=10)  # of one try, asking and logging in included
    attempts: int = 1000  # automatic tries that count, then parked; so many that the deadline decides
    pauses: Pauses = field(default=exponential(timedelta(seconds=2), timedelta(minutes=15)))
    deadline: timedelta = timedelta(hours=72)  # since it first could be sent; then parked as expired
    resolver_tries: int = 16  # how often an unclear delivery is asked about, then parked
    windows: Windows = ALWAYS  # when the receiver takes anything at all; the endpoint's

    @property
    def timeout_s(self) -> float:
        """In seconds."""
        return self.timeout.total_seconds()

    def expires_at(self, since: datetime) -> datetime:
        """The deadline of what could be sent since then. One that falls outside the receiver's hours moves to their
        next beginning: there is always a last try before it is given up."""
        return self.windows.opens(self.windows.opens(since) + self.deadline)


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt as the decision needs it."""

    delivery: Delivery
    result: AttemptResult
    unclear: Unclear
    again_as_update: bool  # the receiver says the dossier exists: send once more, as an update
    nobody_to_ask: bool = False  # it was unclear before, and the receiver was not there to be asked

    @property
    def used(self) -> int:
        """Automatic tries of the present budget, this one included unless a person asked for it."""
        return self.delivery.tries_used + (not self.delivery.asked_by)

    @property
    def since(self) -> datetime:
        """When the present budget of time began."""
        return self.delivery.since_at or self.delivery.created_at


def decide(tried: Tried, policy: RetryPolicy, *, now: datetime, chance: float) -> Decision:
    """Decides what follows from one attempt."""
    outcome, result = tried.result.outcome, tried.result
    at_once = policy.windows.opens(now)
    if tried.again_as_update:
        return Decision(NextStep.WAIT, "Bên nhận đã có hồ sơ: gửi lại dưới dạng cập nhật", at_once, counts=False)
    if outcome.settles:
        return Decision(NextStep.DONE, "Bên nhận đã có" if outcome is Outcome.DUPLICATE else "Đã giao")
    if outcome is Outcome.REJECTED:
        return _park(result.problem or problem("LT-DLV-001", Stage.DELIVER, _values(tried)), *result.others)
    if outcome is Outcome.LOCAL_FAULT:
        return Decision(NextStep.WAIT, "Dừng ở phía ta, thử lại ngay", at_once, counts=False)
    if outcome.unclear:
        return _unclear(tried, policy, now=now, chance=chance)
    return _again(tried, policy, now=now, chance=chance)


def _again(tried: Tried, policy: RetryPolicy, *, now: datetime, chance: float) -> Decision:
    used = tried.used
    if used >= policy.attempts:
        return _park(problem("LT-DLV-002", Stage.DELIVER, {**_values(tried), "attempts": used}))
    if now >= policy.expires_at(tried.since):
        return expired(tried.delivery, policy)
    return Decision(NextStep.WAIT, _why(tried, policy), _next_at(tried, policy, now=now, chance=chance))


def _unclear(tried: Tried, policy: RetryPolicy, *, now: datetime, chance: float) -> Decision:
    """The resolver goes on for a bounded number of tries, the first of them always; while nobody is there to be
    asked, as long as for any delivery to a receiver that is away."""
    used, before = tried.used, tried.delivery.last_outcome
    if tried.unclear is Unclear.PARK:
        return _park(problem("LT-DLV-003", Stage.DELIVER, _values(tried)))
    is_first = before is None or not before.unclear
    if used >= (policy.attempts if tried.nobody_to_ask or is_first else policy.resolver_tries):
        return _park(problem("LT-DLV-004", Stage.DELIVER, {**_values(tried), "attempts": used}))
    if now >= policy.expires_at(tried.since) and not is_first:
        return expired(tried.delivery, policy, unclear=True)
    next_at = _next_at(tried, policy, now=now, chance=chance)
    return Decision(NextStep.ASK, "Không rõ bên nhận đã nhận chưa: sẽ hỏi lại", next_at)


def _next_at(tried: Tried, policy: RetryPolicy, *, now: datetime, chance: float) -> datetime:
    """At least as late as the receiver asks for; never past the deadline, where the last try is made; and when the
    receiver is open."""
    asked = timedelta(seconds=min(tried.result.retry_after_s or 0.0, policy.deadline.total_seconds()))
    pause = max(policy.pauses.pause(max(tried.used, 1), chance=chance), asked)
    end = policy.expires_at(tried.since)
    return policy.windows.opens(min(now + pause, end) if now < end else now + pause)


def expired(delivery: Delivery, policy: RetryPolicy, *, unclear: bool = False) -> Decision:
    """Its deadline has passed: a business event, left to a person."""
    since = delivery.since_at or delivery.created_at
    values = {
        "endpoint": delivery.endpoint, "operation": delivery.operation, "deadline": span_text(policy.deadline),
        "since": policy.windows.opens(since).astimezone(VIETNAM).strftime("%H:%M %d/%m/%Y"),
        "attempts": delivery.attempts_used, "manual": delivery.manual_used,
    }  # fmt: skip
    cause = problem(EXPIRIES[unclear], Stage.DELIVER, values)
    return Decision(NextStep.PARK, cause.text_vi, problem=cause, expired_since=since)


def closed(delivery: Delivery, windows: Windows, *, now: datetime) -> Decision | None:
    """It may not be sent now because its receiver is closed: it waits for the opening, and that burns nothing."""
    found = windows.closed_until(now)
    if found is None:
        return None
    step = NextStep.ASK if delivery.state is State.UNCLEAR else NextStep.WAIT
    return Decision(step, found[1], next_at=found[0], counts=False)


def without_key(delivery: Delivery, cause: Problem, *, now: datetime, chance: float) -> Decision:
    """A key of ours is away: nothing was sent, and nothing is sent unsigned instead. No try is used up."""
    step = NextStep.ASK if delivery.state is State.UNCLEAR else NextStep.WAIT
    next_at = now + _KEY * (0.7 + 0.6 * chance)
    return Decision(step, f"{cause.code}: {cause.text_vi}", next_at, problem=cause, counts=False)


def unclear_after_crash(delivery: Delivery, unclear: Unclear) -> Decision | None:
    """An intent without a result was found. None = the resolver may go on now."""
    if unclear is Unclear.PARK:
        values = {"endpoint": delivery.endpoint, "operation": delivery.operation, "code": "–", "status": "–"}
        return _park(problem("LT-DLV-003", Stage.DELIVER, values))
    return None


def _park(cause: Problem, *others: Problem) -> Decision:
    return Decision(NextStep.PARK, cause.text_vi, problem=cause, others=others)


def _values(tried: Tried) -> dict[str, object]:
    return {
        "endpoint": tried.delivery.endpoint,
        "operation": tried.delivery.operation,
        "code": tried.result.code or "–",
        "status": tried.result.status or "–",
    }


def _why(tried: Tried, policy: RetryPolicy) -> str:
    words = {
        Outcome.UNAVAILABLE: "Bên nhận chưa sẵn sàng",
        Outcome.THROTTLED: "Bên nhận yêu cầu gửi chậm lại",
        Outcome.REFUSED: "Bên nhận từ chối đăng nhập",
    }
    asked_by = tried.delivery.asked_by
    which = f"lần thử theo yêu cầu của {asked_by}" if asked_by else f"lần {tried.used}/{policy.attempts}"
    return f"{words.get(tried.result.outcome, 'Chưa giao được')}: {which}"
