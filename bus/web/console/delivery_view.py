"""One delivery as it is shown: its steps, its attempts, who must act, and the commands for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bus.delivery import Attempt, Delivery, State
from bus.masking import mask_code, mask_text
from bus.records import Journey
from bus.web.console.figures import Moment, count, duration, moment, size
from bus.web.console.listing import next_of, reason_of, who_acts
from bus.web.console.stages import Mark, Step
from bus.web.console.words import OUTCOMES, STATES, Sign
from schemas.problem import Stage, catalogue

_MAKING = frozenset((Stage.TRANSLATE_OUT.value, Stage.VALIDATE_OUT.value, Stage.SIGN.value))


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One line of the attempts."""

    number: int
    by: str
    at: Moment
    lasted: str
    sign: Sign
    http: str
    code: str
    words: str
    sent: str
    got: str
    peer: str
    what: str  # sent, or only asked


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One delivery with its own steps."""

    id: str
    endpoint: str
    operation: str
    sign: Sign
    reason: str
    who: str
    todo: str
    problem: str
    behind: str
    tries: str  # automatic and asked for, counted apart; "" = none yet
    held_behind: str  # message id
    next: tuple[str, Moment] | None
    steps: tuple[Step, ...]
    attempts: tuple[AttemptView, ...]
    commands: tuple[tuple[str, str], ...]  # what it does, the command


def codes_known(journey: Journey) -> list[str]:
    """The codes that may stand in sentences about this message: its dossier's names."""
    return [code for _, code in (*journey.envelope.business_ids, *journey.identities)]


def delivery_view(journey: Journey, delivery: Delivery, names: Mapping[str, str], behind: int) -> DeliveryView:
    """`behind`: how many wait behind it."""
    codes = codes_known(journey)
    text = catalogue().get(delivery.problem_code)
    attempts = [one for one in journey.attempts if one.delivery_id == delivery.id]
    todo = next((str(one["do_vi"]) for one in journey.problems if one.get("code") == delivery.problem_code), "")
    sign = STATES[delivery.state]
    return DeliveryView(
        id=delivery.id, endpoint=names.get(delivery.endpoint, delivery.endpoint), operation=delivery.operation,
        sign=sign, reason=reason_of(delivery, sign, codes), who=who_acts(delivery, text),
        todo=mask_text(todo, keep=codes), problem=delivery.problem_code, behind=count(behind) if behind else "",
        tries=_tries(delivery), held_behind=delivery.held_behind.partition(":")[0],
        next=next_of(delivery),
        steps=_steps(journey, delivery, attempts),
        attempts=tuple(_attempt(one, codes) for one in attempts), commands=_commands(delivery),
    )  # fmt: skip


def _tries(delivery: Delivery) -> str:
    if not (delivery.attempts_used or delivery.manual_used or delivery.asked_by):
        return ""
    before = f" (trước lần thả gần nhất: {delivery.used_before})" if delivery.used_before else ""
    said = f"tự thử {delivery.tries_used} lần{before}, theo yêu cầu {delivery.manual_used} lần"
    return said + (f", lần tới của {mask_text(delivery.asked_by)}" if delivery.asked_by else "")


def _steps(journey: Journey, delivery: Delivery, attempts: list[Attempt]) -> tuple[Step, ...]:
    steps = [_content(journey, delivery)]
    for one in attempts:
        sign = OUTCOMES[one.outcome]
        mark = Mark.DONE if one.outcome.settles else Mark.FAULT
        what = "hỏi" if one.asked else "gửi"
        steps.append(Step(f"Lần thử {one.number}: {what}", mark, moment(one.started_at), sign.word))
    sign = STATES[delivery.state]
    mark = Mark.DONE if delivery.state.final else Mark.STOPPED if delivery.state is State.PARKED else Mark.UNDER_WAY
    steps.append(Step("Kết quả", mark, None, sign.word))
    return tuple(steps)


def _content(journey: Journey, delivery: Delivery) -> Step:
    made = next((one for one in journey.bodies if one.role == f"content@{delivery.endpoint}"), None)
    signed = any(one.role == f"signature@{delivery.endpoint}" for one in journey.bodies)
    if made is not None:
        return Step("Tạo nội dung", Mark.DONE, None, size(made.size) + (", đã ký số" if signed else ""))
    stages = {str(one.get("stage", "")) for one in journey.problems if one.get("code") == delivery.problem_code}
    if stages & _MAKING:
        return Step("Tạo nội dung", Mark.FAULT, None, "Không tạo được, xem vấn đề")
    return Step("Tạo nội dung", Mark.NOT_REACHED)


def _attempt(attempt: Attempt, codes: list[str]) -> AttemptView:
    return AttemptView(
        number=attempt.number, by="Tự động" if attempt.by == "worker" else mask_text(attempt.by),
        at=moment(attempt.started_at), lasted=duration(attempt.duration_ms), sign=OUTCOMES[attempt.outcome],
        http=str(attempt.status) if attempt.status else "", code=mask_code(attempt.code),
        words=mask_text(attempt.text, keep=codes), sent=size(attempt.request_size), got=size(attempt.reply_size),
        peer=attempt.peer, what="Hỏi" if attempt.asked else "Gửi",
    )  # fmt: skip


def _commands(delivery: Delivery) -> tuple[tuple[str, str], ...]:
    """The acts open to a person now. The page changes nothing: it has no login."""
    found: list[tuple[str, str]] = []
    if delivery.state in (State.PARKED, State.WAITING):
        found.append(("Thả ra: gửi lại ngay nội dung đã tạo", "release"))
    if not delivery.state.final or delivery.state is State.DELIVERED:
        found.append(("Phát lại: tạo lại nội dung bằng ánh xạ và bảng mã hiện hành rồi gửi", "replay"))
    if not delivery.state.final:
        found.append(("Hủy: không gửi nữa", "cancel"))
    return tuple((words, f'lienthong {act} {delivery.id} --why "LÝ DO"') for words, act in found)
