"""The journey of a message as a list of stages in time order. Pure; nothing about a citizen stands in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bus.cli.examined import examined_lines, todo_of
from bus.cli.words import ACTS, KINDS, OUTCOMES, OWNERS, STATES, both
from bus.delivery import Attempt, Delivery
from bus.masking import mask_code, mask_text
from bus.records import Journey, Judgement, Stored


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened, or that holds now."""

    at: datetime | None  # None: not known to the second, but known to be between its neighbours
    name: str  # received | checked | translated | accepted | examined | content | attempt | act | settled
    word: str  # for people, both languages
    text: str
    good: bool | None  # None: neither
    delivery: str = ""
    todo: tuple[str, ...] = ()  # what to do, when something is wrong


def steps_of(
    journey: Journey, came_as: Journey | None = None, behind: Mapping[str, int] | None = None
) -> tuple[Step, ...]:
    """Everything in time order: the door's stages, then contents, attempts and acts, then what holds now.

    `came_as`: the message of the raw bytes this one was made from. `behind`: by delivery, how many wait behind it.
    """
    keep = [code for _, code in (*journey.envelope.business_ids, *journey.identities)]
    after = [*_examined(journey), *_contents(journey), *_attempts(journey, keep), *_acts(journey, keep)]
    after.sort(key=lambda step: (step.at or journey.envelope.received_at, step.name != "content"))
    return (
        *_at_the_door(journey, came_as or journey, keep),
        *after,
        *(_now(one, journey, keep, (behind or {}).get(one.id, 0)) for one in journey.deliveries),
    )


def _at_the_door(journey: Journey, came_as: Journey, keep: list[str]) -> list[Step]:
    envelope = journey.envelope
    who = envelope.sender.name or envelope.sender.agency
    text = f"{envelope.sender.system} {who} · {envelope.operation}{_size(came_as, 'raw')}"
    steps = [Step(envelope.received_at, "received", "nhận / received", text, good=True)]
    if journey.verdict == "rejected":
        steps.append(
            Step(envelope.received_at, "checked", "kiểm tra / checked", _problems_text(journey, keep), good=False,
                 todo=_todo(journey))
        )  # fmt: skip
        return steps
    if journey.verdict == "asked":
        return [
            *steps,
            Step(envelope.received_at, "answered", "trả lời / answered", _size(journey, "answer"), good=True),
        ]
    at = min((one.created_at for one in journey.deliveries), default=envelope.received_at)
    steps.append(Step(at, "checked", "kiểm tra / checked", "đúng lược đồ và quy tắc / valid", good=True))
    if envelope.kind != "goc":
        said = f"{KINDS.get(envelope.kind, envelope.kind)} ({envelope.kind}){_size(journey, 'canonical')}"
        steps.append(Step(at, "translated", "chuyển dạng chuẩn / translated", said, good=True))
    to = ", ".join(f"{one.endpoint} ({one.operation})" for one in journey.deliveries) or "–"
    steps.append(Step(at, "accepted", "ghi nhận / accepted", f"→ {to}", good=True))
    return steps


def _problems_text(journey: Journey, keep: list[str]) -> str:
    return "; ".join(f"{one['code']} {mask_text(str(one['vi']), keep=keep)}" for one in journey.problems)


def _todo(journey: Journey) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(
            f"{OWNERS.get(str(one['owner']), str(one['owner']))}: {one['do_vi']} / {one['do_en']}"
            for one in journey.problems
        )
    )


def _examined(journey: Journey) -> list[Step]:
    """What was found of the signatures inside attachments."""
    found = journey.examination
    if found is None:
        return []
    word = "chữ ký trong tệp / attachments"
    if not found.done:
        return [Step(found.since, "examined", word, "chờ xem / waits to be looked at", good=None)]
    good = None if found.worst is Judgement.UNSIGNED else found.worst is Judgement.VALID
    text = "; ".join(examined_lines(found)) or "–"
    return [Step(found.at, "examined", word, text, good=good, todo=todo_of(found))]


def _contents(journey: Journey) -> list[Step]:
    """A content is made just before the first attempt that sends it."""
    steps: list[Step] = []
    for delivery in journey.deliveries:
        body = _body(journey, f"content@{delivery.endpoint}")
        if body is None:
            continue
        signed = _body(journey, f"signature@{delivery.endpoint}") is not None
        first = min((one.started_at for one in journey.attempts if one.delivery_id == delivery.id), default=None)
        text = f"{delivery.operation} · {body.size} byte · sha256 {body.sha256[:16]}…" + (
            " · ký / signed" if signed else ""
        )
        steps.append(Step(first, "content", "nội dung gửi / content", text, good=True, delivery=delivery.id))
    return steps


def _attempts(journey: Journey, keep: list[str]) -> list[Step]:
    return [_attempt(one, keep) for one in journey.attempts]


def _attempt(one: Attempt, keep: list[str]) -> Step:
    by = "" if one.by == "worker" else f" · {one.by}"
    told = " ".join(
        filter(None, (f"HTTP {one.status}" if one.status else "", one.code, mask_text(one.text, keep=keep)))
    )
    what = "hỏi" if one.asked else "gửi"
    english = "asked" if one.asked else "sent"
    return Step(
        one.started_at, "attempt", f"lần {one.number}: {what} / attempt {one.number}: {english}",
        f"{OUTCOMES[one.outcome]} ({one.outcome.value}) · {told or '–'} · {one.duration_ms} ms · {one.peer}{by}",
        good=one.outcome.settles, delivery=one.delivery_id,
    )  # fmt: skip


def _acts(journey: Journey, keep: list[str]) -> list[Step]:
    steps: list[Step] = []
    for one in journey.actions:
        act = str(one["act"])
        text = f"{one['who']}: {mask_text(str(one['why']), keep=keep)}"
        if not one["done"]:
            text += f" → không được / refused: {one['reason']}"
        steps.append(
            Step(
                datetime.fromisoformat(str(one["at"])), "act", f"{ACTS.get(act, act)} / {act}", text,
                good=bool(one["done"]), delivery=str(one["delivery"]),
            )
        )  # fmt: skip
    return steps


def _now(one: Delivery, journey: Journey, keep: list[str], behind: int) -> Step:
    text = f"{one.endpoint}: {both(STATES[one.state])}"
    if one.reason:
        text += f" · {mask_text(one.reason, keep=keep)}"
    if one.attempts_used or one.manual_used or one.asked_by:
        text += f" · {tries_of(one)}"
    if one.held_behind:
        text += f" · sau / behind {one.held_behind}"
    if behind:
        text += f" · {behind} đang chờ phía sau / waiting behind it"
    parked = bool(one.problem_code) and not one.state.final
    good = True if one.state.value == "delivered" else False if parked else None
    return Step(
        None, "settled", "hiện nay / now", text, good=good, delivery=one.id, todo=_todo(journey) if parked else ()
    )


def tries_of(one: Delivery) -> str:
    """Automatic tries and those that persons asked for, counted apart."""
    said = f"tự thử / automatic {one.tries_used}"
    if one.used_before:
        said += f" (trước lần thả gần nhất / before the last release {one.used_before})"
    said += f", theo yêu cầu / asked for {one.manual_used}"
    return said + (f", lần tới của / the next one is of {one.asked_by}" if one.asked_by else "")


def _size(journey: Journey, role: str) -> str:
    body = _body(journey, role)
    return f" · {body.size} byte · sha256 {body.sha256[:16]}…" if body is not None else ""


def _body(journey: Journey, role: str) -> Stored | None:
    return next((one for one in journey.bodies if one.role == role), None)


def problem_json(one: dict[str, object], keep: list[str]) -> dict[str, object]:
    """A problem with its texts covered and its quotes left out: they may be a citizen's."""
    places = {side: _place(one.get(side)) for side in ("ours", "theirs")}
    return {**one, "vi": mask_text(str(one["vi"]), keep=keep), "en": mask_text(str(one["en"]), keep=keep), **places}


def _place(place: object) -> object:
    return {name: value for name, value in place.items() if name != "quote"} if isinstance(place, dict) else place


def names_of(pairs: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """party → code, a citizen's numbers covered."""
    return {party: mask_code(code) for party, code in pairs}
