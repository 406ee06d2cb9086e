"""What happens after an attempt: pure. Takes the facts and the policy, returns a decision as a value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bus.delivery import Delivery, Unclear
from bus.outcome import AttemptResult, Outcome
from bus.records import Decision, NextStep
from schemas.problem import Problem, Stage, problem


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long and how often an endpoint is tried."""

    attempts: int = 500  # automatic attempts that count, then parked; so many that the deadline decides
    first_s: float = 2.0  # longest pause after the first failure
    most_s: float = 900.0  # longest pause ever
    deadline_s: float = 259_200.0  # since acceptance; then parked as expired
    resolver_tries: int = 16  # how often an unclear delivery is asked about, then parked

    def pause_s(self, failures: int, *, chance: float) -> float:
        """Exponential with full jitter; `chance` is uniform in [0, 1)."""
        return min(self.most_s, self.first_s * float(2 ** min(failures, 30))) * chance


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt as the decision needs it."""

    delivery: Delivery
    result: AttemptResult
    unclear: Unclear
    again_as_update: bool  # the receiver says the dossier exists: send once more, as an update
    nobody_to_ask: bool = False  # it was unclear before, and the receiver was not there to be asked


def decide(tried: Tried, policy: RetryPolicy, *, now: datetime, chance: float) -> Decision:
    """Decides what follows from one attempt."""
    outcome, result = tried.result.outcome, tried.result
    if tried.again_as_update:
        return Decision(NextStep.WAIT, "Bên nhận đã có hồ sơ: gửi lại dưới dạng cập nhật", next_at=now, counts=False)
    if outcome.settles:
        return Decision(NextStep.DONE, "Bên nhận đã có" if outcome is Outcome.DUPLICATE else "Đã giao")
    if outcome is Outcome.REJECTED:
        return _park(result.problem or problem("LT-DLV-001", Stage.DELIVER, _values(tried)))
    if outcome is Outcome.LOCAL_FAULT:
        return Decision(NextStep.WAIT, "Dừng ở phía ta, thử lại ngay", next_at=now, counts=False)
    if outcome.unclear:
        return _unclear(tried, policy, now=now, chance=chance)
    return _again(tried, policy, now=now, chance=chance)


def _again(tried: Tried, policy: RetryPolicy, *, now: datetime, chance: float) -> Decision:
    used = tried.delivery.attempts_used + 1
    next_at = now + timedelta(seconds=_pause_s(tried, used, policy, chance=chance))
    if used >= policy.attempts or next_at > tried.delivery.created_at + timedelta(seconds=policy.deadline_s):
        return _park(problem("LT-DLV-002", Stage.DELIVER, {**_values(tried), "attempts": used}))
    return Decision(NextStep.WAIT, _why(tried, used, policy), next_at=next_at)


def _unclear(tried: Tried, policy: RetryPolicy, *, now: datetime, chance: float) -> Decision:
    """The resolver goes on for a bounded number of tries, the first of them always; while nobody is there to be
    asked, as long as for any delivery to a receiver that is away."""
    used, before = tried.delivery.attempts_used + 1, tried.delivery.last_outcome
    if tried.unclear is Unclear.PARK:
        return _park(problem("LT-DLV-003", Stage.DELIVER, _values(tried)))
    is_first = before is None or not before.unclear
    if used >= (policy.attempts if tried.nobody_to_ask or is_first else policy.resolver_tries):
        return _park(problem("LT-DLV-004", Stage.DELIVER, {**_values(tried), "attempts": used}))
    next_at = now + timedelta(seconds=_pause_s(tried, used, policy, chance=chance))
    return Decision(NextStep.ASK, "Không rõ bên nhận đã nhận chưa: sẽ hỏi lại", next_at=next_at)


def _pause_s(tried: Tried, used: int, policy: RetryPolicy, *, chance: float) -> float:
    """At least as long as the receiver asks for, within our own limit."""
    asked = min(tried.result.retry_after_s or 0.0, policy.most_s)
    return max(policy.pause_s(used - 1, chance=chance), asked)


def unclear_after_crash(delivery: Delivery, unclear: Unclear) -> Decision | None:
    """An intent without a result was found. None = the resolver may go on now."""
    if unclear is Unclear.PARK:
        values = {"endpoint": delivery.endpoint, "operation": delivery.operation, "code": "–", "status": "–"}
        return _park(problem("LT-DLV-003", Stage.DELIVER, values))
    return None


def _park(cause: Problem) -> Decision:
    return Decision(NextStep.PARK, cause.text_vi, problem=cause)


def _values(tried: Tried) -> dict[str, object]:
    return {
        "endpoint": tried.delivery.endpoint,
        "operation": tried.delivery.operation,
        "code": tried.result.code or "–",
        "status": tried.result.status or "–",
    }


def _why(tried: Tried, used: int, policy: RetryPolicy) -> str:
    words = {
        Outcome.UNAVAILABLE: "Bên nhận chưa sẵn sàng",
        Outcome.THROTTLED: "Bên nhận yêu cầu gửi chậm lại",
        Outcome.REFUSED: "Bên nhận từ chối đăng nhập",
    }
    return f"{words.get(tried.result.outcome, 'Chưa giao được')}: lần {used}/{policy.attempts}"
