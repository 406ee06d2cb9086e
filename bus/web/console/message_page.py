"""One message's page: its journey, problems, deliveries with attempts, bodies and relations, all covered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bus.delivery import Attempt, Delivery, State
from bus.masking import MaskedBody, mask_body, mask_code, mask_text
from bus.ports import Journal
from bus.records import Journey, Stored
from bus.web.console.figures import Moment, count, duration, moment, size
from bus.web.console.listing import codes_of, next_of, reason_of, sender_of, who_acts
from bus.web.console.stages import Mark, Step, first_steps
from bus.web.console.words import ACTS, KINDS, OUTCOMES, OWNERS, STAGES, STATES, VERDICTS, Sign
from schemas.problem import Stage, catalogue

_PREVIEW_BYTES = 262_144  # larger bodies are not read for a look
_MAKING = frozenset((Stage.TRANSLATE_OUT.value, Stage.VALIDATE_OUT.value, Stage.SIGN.value))
_PREFERRED = ("canonical", "raw")


@dataclass(frozen=True, slots=True)
class ProblemView:
    """One problem with its places and its next step."""

    code: str
    stage: str
    text: str
    theirs: str  # place in the message
    ours: str  # place in our files
    todo: str
    owner: str
    retryable: bool


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
    held_behind: str  # message id
    next: tuple[str, Moment] | None
    steps: tuple[Step, ...]
    attempts: tuple[AttemptView, ...]
    commands: tuple[tuple[str, str], ...]  # what it does, the command


@dataclass(frozen=True, slots=True)
class BodyView:
    """One kept body."""

    role: str
    media_type: str
    sha256: str
    size: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class ActionView:
    """What a person did."""

    at: Moment
    what: str
    who: str
    why: str
    became: str


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Everything of one message."""

    id: str
    kind: str
    codes: tuple[str, ...]
    sender: str
    operation: str
    at: Moment
    sha256: str
    verdict: Sign
    steps: tuple[Step, ...]
    problems: tuple[ProblemView, ...]
    deliveries: tuple[DeliveryView, ...]
    bodies: tuple[BodyView, ...]
    preview: MaskedBody | None
    preview_role: str
    too_large: bool
    actions: tuple[ActionView, ...]
    causes: tuple[str, ...]
    caused: tuple[str, ...]
    identities: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]


def read_message(journal: Journal, message_id: str, role: str, names: Mapping[str, str]) -> MessagePage | None:
    """Reads one message; `role` chooses the body to look at. None = no such message."""
    journey = journal.journey(message_id)
    if journey is None:
        return None
    envelope = journey.envelope
    parked = [one.id for one in journey.deliveries if one.state is State.PARKED]
    behind = journal.behind(parked) if parked else {}
    chosen = _chosen(journey, role)
    kept = journal.body(message_id, chosen.role) if chosen and chosen.size <= _PREVIEW_BYTES else None
    codes = _codes(journey)
    return MessagePage(
        id=envelope.id, kind=KINDS.get(envelope.kind, envelope.kind), codes=codes_of(envelope),
        sender=sender_of(envelope, names), operation=envelope.operation, at=moment(envelope.received_at),
        sha256=envelope.sha256, verdict=VERDICTS[journey.verdict], steps=first_steps(journey, names),
        problems=tuple(_problem(one, codes) for one in journey.problems),
        deliveries=tuple(_delivery(journey, one, names, behind.get(one.id, 0)) for one in journey.deliveries),
        bodies=tuple(_body(one, chosen) for one in journey.bodies),
        preview=mask_body(kept.body, kept.media_type) if kept else None, preview_role=chosen.role if chosen else "",
        too_large=bool(chosen and chosen.size > _PREVIEW_BYTES),
        actions=tuple(_action(one, codes) for one in journey.actions), causes=journey.causes, caused=journey.caused,
        identities=tuple((names.get(party, party), mask_code(code)) for party, code in journey.identities),
        facts=tuple((name, mask_code(value)) for name, value in sorted(envelope.facts.items())),
    )  # fmt: skip


def _codes(journey: Journey) -> list[str]:
    return [code for _, code in (*journey.envelope.business_ids, *journey.identities)]


def _chosen(journey: Journey, role: str) -> Stored | None:
    by_role = {one.role: one for one in journey.bodies}
    for wanted in (role, *_PREFERRED):
        if wanted in by_role:
            return by_role[wanted]
    return journey.bodies[0] if journey.bodies else None


def _body(stored: Stored, chosen: Stored | None) -> BodyView:
    return BodyView(
        stored.role, mask_text(stored.media_type), stored.sha256, size(stored.size), chosen=stored is chosen
    )


# ---------------------------------------------------------------- problems


def _problem(found: Mapping[str, object], codes: list[str]) -> ProblemView:
    return ProblemView(
        code=str(found.get("code", "")),
        stage=STAGES.get(str(found.get("stage", "")), ""),
        text=mask_text(str(found.get("vi", "")), keep=codes),
        theirs=_place(found.get("theirs"), codes),
        ours=_place(found.get("ours"), codes),
        todo=mask_text(str(found.get("do_vi", "")), keep=codes),
        owner=OWNERS.get(str(found.get("owner", "")), ""),
        retryable=bool(found.get("retryable")),
    )


def _place(place: object, codes: list[str]) -> str:
    """Line and path; a quote is left out: what stands in a message is seen in its body, covered."""
    if not isinstance(place, dict):
        return ""
    source = str(place.get("source", ""))
    pieces = ["" if source == "message" else source, str(place.get("path", ""))]
    if line := place.get("line"):
        pieces.append(f"dòng {line}")
    return mask_text(" · ".join(piece for piece in pieces if piece), keep=codes)


# ---------------------------------------------------------------- deliveries


def _delivery(journey: Journey, delivery: Delivery, names: Mapping[str, str], behind: int) -> DeliveryView:
    codes = _codes(journey)
    text = catalogue().get(delivery.problem_code)
    attempts = [one for one in journey.attempts if one.delivery_id == delivery.id]
    todo = next((str(one["do_vi"]) for one in journey.problems if one.get("code") == delivery.problem_code), "")
    sign = STATES[delivery.state]
    return DeliveryView(
        id=delivery.id, endpoint=names.get(delivery.endpoint, delivery.endpoint), operation=delivery.operation,
        sign=sign, reason=reason_of(delivery, sign, codes), who=who_acts(delivery, text),
        todo=mask_text(todo, keep=codes), problem=delivery.problem_code, behind=count(behind) if behind else "",
        held_behind=delivery.held_behind.partition(":")[0],
        next=next_of(delivery),
        steps=_steps(journey, delivery, attempts),
        attempts=tuple(_attempt(one, codes) for one in attempts), commands=_commands(delivery),
    )  # fmt: skip


def _steps(journey: Journey, delivery: Delivery, attempts: list[Attempt]) -> tuple[Step, ...]:
    steps = [_content(journey, delivery)]
    for one in attempts:
        sign = OUTCOMES[one.outcome]
        mark = Mark.DONE if one.outcome.settles else Mark.FAULT
        steps.append(Step(f"Lần thử {one.number}", mark, moment(one.started_at), sign.word))
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
        peer=attempt.peer,
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


def _action(action: Mapping[str, object], codes: list[str]) -> ActionView:
    act = str(action.get("act", ""))
    done = "Đã làm" if action.get("done") else f"Không làm được: {mask_text(str(action.get('reason', '')), keep=codes)}"
    return ActionView(
        at=moment(datetime.fromisoformat(str(action["at"]))), what=ACTS.get(act, act),
        who=mask_text(str(action.get("who", ""))), why=mask_text(str(action.get("why", "")), keep=codes), became=done,
    )  # fmt: skip
