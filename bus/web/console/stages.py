"""The stages of one message's journey, in time order: received, checked, translated, recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bus.records import Journey
from bus.web.console.figures import Moment, count, moment
from bus.web.console.listing import sender_of
from bus.web.console.words import ASKED, REJECTED
from schemas.problem import Stage

RAW = "goc"

_CHECK = frozenset((Stage.RECEIVE.value, Stage.PARSE.value, Stage.VALIDATE_IN.value, Stage.SPLIT.value))
_TRANSLATE = frozenset((Stage.TRANSLATE_IN.value, Stage.VALIDATE_CANONICAL.value))
_RECORD = frozenset((Stage.ROUTE.value, Stage.ACCEPT.value, Stage.CONFIGURE.value))


class Mark(StrEnum):
    """How a stage ended; the value is the class in the style sheet."""

    DONE = "done"
    FAULT = "fault"
    STOPPED = "stopped"
    UNDER_WAY = "under-way"
    NOT_REACHED = "not-reached"
    SKIPPED = "skipped"


MARKS: Mapping[Mark, tuple[str, str]] = {  # word, icon
    Mark.DONE: ("xong", "✓"),
    Mark.FAULT: ("lỗi", "×"),
    Mark.STOPPED: ("cần người", "!"),
    Mark.UNDER_WAY: ("đang chờ", "…"),
    Mark.NOT_REACHED: ("chưa tới", "–"),
    Mark.SKIPPED: ("không cần", "–"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One stage as it is shown."""

    name: str
    mark: Mark
    at: Moment | None = None
    text: str = ""

    @property
    def word(self) -> str:
        """How it ended, in a word."""
        return MARKS[self.mark][0]

    @property
    def icon(self) -> str:
        """The same as a sign."""
        return MARKS[self.mark][1]


def first_steps(journey: Journey, names: Mapping[str, str]) -> tuple[Step, ...]:
    """From the door to the journal; what follows belongs to each delivery."""
    envelope = journey.envelope
    at = moment(envelope.received_at)
    received = Step("Nhận", Mark.DONE, at, f"{sender_of(envelope, names)} · {envelope.operation}")
    if journey.verdict == REJECTED:
        return (received, *_refused(journey))
    if journey.verdict == ASKED:
        answered = Step("Trả lời", Mark.DONE, at, "Ngay trong cùng lời gọi; câu hỏi và câu trả lời được giữ lại")
        return (received, Step("Kiểm tra", Mark.DONE), answered)
    translated = Step("Chuyển đổi", Mark.SKIPPED if envelope.kind == RAW else Mark.DONE, None, _translation(journey))
    return (received, Step("Kiểm tra", Mark.DONE), translated, _recorded(journey))


def _refused(journey: Journey) -> tuple[Step, ...]:
    found = {str(one.get("stage", "")) for one in journey.problems}
    steps: list[Step] = []
    for name, stages in (("Kiểm tra", _CHECK), ("Chuyển đổi", _TRANSLATE), ("Ghi nhận", _RECORD)):
        if steps and steps[-1].mark is not Mark.DONE:
            steps.append(Step(name, Mark.NOT_REACHED))
        elif found & stages or (name == "Ghi nhận" and not any(one.mark is Mark.FAULT for one in steps)):
            steps.append(Step(name, Mark.FAULT, None, f"{count(len(journey.problems))} vấn đề, xem bên dưới"))
        else:
            steps.append(Step(name, Mark.DONE))
    kept = Step("Lưu bằng chứng", Mark.DONE, None, "Bản bị từ chối được giữ lại; bên gửi có thể gửi lại sau khi sửa")
    return (*steps, kept)


def _translation(journey: Journey) -> str:
    if journey.envelope.kind == RAW:
        return "Bản gốc được giữ nguyên từng byte; các thông điệp tạo từ nó có trang riêng"
    profile = journey.envelope.profile
    return f"Sang dạng chuẩn bằng bộ ánh xạ {profile[:12]}" if profile else "Sang dạng chuẩn"


def _recorded(journey: Journey) -> Step:
    at = min((one.created_at for one in journey.deliveries), default=None)
    many = len(journey.deliveries)
    text = f"{count(many)} lượt giao" if many else "Không có gì phải giao"
    if journey.envelope.kind == RAW:
        text = f"{count(len(journey.caused))} thông điệp được tạo từ bản gốc này"
    return Step("Ghi nhận", Mark.DONE, moment(at) if at else None, text)
