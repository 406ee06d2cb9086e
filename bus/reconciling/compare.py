"""Compares what we hold of a dossier with what a partner says, names the difference, proposes a repair. Pure.

Of two readings that fit, the one is taken that repairs less: what may still arrive by itself is no difference, and
what a repair could make worse is left to a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bus.reconciling.pairs import ARRIVAL, Answer, Ours, Step, Theirs, Verdict
from bus.records import Difference, Repair

REPLAY, RELEASE, SETTLE = "replay", "release", "settle"
OPERATOR, PARTNER, DEPARTMENT, NOBODY = "operator", "partner", "department", "nobody"

# How far a dossier is at each status of the national list: what stands further is ahead.
_STAGES: Mapping[str, int] = MappingProxyType(
    {"1": 1, "2": 2, "4": 3, "5": 3, "6": 3, "3": 4, "7": 4, "8": 4, "9": 4, "10": 5}
)


def compare(ours: Ours, theirs: Theirs) -> Verdict:
    """The verdict on one dossier at one endpoint."""
    if theirs.answer is Answer.NOBODY:
        return _nobody(ours, theirs)
    if theirs.answer is Answer.SILENT:
        return Verdict(Difference.NOT_ANSWERED, theirs.why or "Bên kia không trả lời", PARTNER, ours=_status(ours))
    if theirs.answer is Answer.ABSENT:
        return _absent(ours)
    if not ours.born_there and not any(step.taken for step in _arrivals(ours)):
        return _unknown_here(ours)
    return _told(ours, theirs) if ours.status_from_them else _sent(ours, theirs)


def _arrivals(ours: Ours) -> tuple[Step, ...]:
    return tuple(step for step in ours.steps if step.kind == ARRIVAL)


def _taken(ours: Ours) -> tuple[Step, ...]:
    return tuple(step for step in ours.steps if step.taken and step.status)


def _status(ours: Ours) -> str:
    """The status that should stand there."""
    if ours.status_from_them:
        return ours.told[-1] if ours.told else ""
    taken = _taken(ours)
    return taken[-1].status if taken else ""


def _nobody(ours: Ours, theirs: Theirs) -> Verdict:
    doubt = next((step for step in ours.steps if step.resting), None)
    why = theirs.why or "Hệ thống này không có nghiệp vụ tra cứu"
    if doubt is None:
        return Verdict(Difference.NOT_ASKABLE, why, NOBODY, ours=_status(ours))
    reason = f"{why}; còn lượt giao chưa rõ hay chờ xử lý tay: phải hỏi người của bên kia"
    return Verdict(Difference.NOT_ASKABLE, reason, OPERATOR, ours=_status(ours))


def _absent(ours: Ours) -> Verdict:
    if ours.born_there:
        reason = "Hồ sơ sinh ra ở bên kia mà nay bên kia nói không có: hỏi bên kia, ta không gửi thay được"
        return Verdict(Difference.MISSING_THERE, reason, PARTNER, ours=_status(ours))
    if any(step.taken for step in _arrivals(ours)):
        again = tuple(Repair(REPLAY, step.delivery_id) for step in ours.steps if step.taken)
        reason = f"Nhật ký ghi đã giao, bên kia nói không có: phát lại {len(again)} lượt giao theo thứ tự"
        return Verdict(Difference.MISSING_THERE, reason, OPERATOR, ours=_status(ours), repairs=again)
    waiting = [step for step in _arrivals(ours) if step.open]
    if not waiting:
        return Verdict(Difference.EQUAL)
    if waiting[0].doubtful:
        return _not_taken(waiting[0], ours, "Không rõ đã nhận hay chưa; bên kia nói không có")
    reason = "Chưa giao: đang chờ xử lý tay" if waiting[0].resting else "Chưa giao: còn trong hàng chờ"
    return Verdict(Difference.UNDERWAY, reason, OPERATOR if waiting[0].resting else NOBODY)


def _not_taken(step: Step, ours: Ours, reason: str) -> Verdict:
    if step.resting and step.state.value == "parked":
        again = (Repair(RELEASE, step.delivery_id),)
        return Verdict(Difference.UNCLEAR_NOT_TAKEN, f"{reason}: thả ra để gửi", OPERATOR, _status(ours), {}, again)
    return Verdict(Difference.UNCLEAR_NOT_TAKEN, f"{reason}: bus sẽ tự gửi lại", NOBODY, _status(ours))


def _is_there(step: Step, ours: Ours) -> Verdict:
    proof = (Repair(SETTLE, step.delivery_id),)
    reason = "Không rõ đã nhận hay chưa; bên kia nói đã có: ghi là đã giao, kèm lời đáp làm bằng chứng"
    return Verdict(Difference.UNCLEAR_TAKEN, reason, OPERATOR, ours=_status(ours), repairs=proof)


def _unknown_here(ours: Ours) -> Verdict:
    """They have it; by our record it was never taken."""
    waiting = [step for step in _arrivals(ours) if step.open]
    if waiting and waiting[0].resting:
        return _is_there(waiting[0], ours)
    if waiting:
        return Verdict(Difference.UNDERWAY, "Đang gửi: bên kia đã có, nhật ký sắp ghi", NOBODY)
    reason = "Bên kia có hồ sơ mà nhật ký không có lượt giao nào thành công: người xem lại vì sao"
    return Verdict(Difference.MISSING_HERE, reason, OPERATOR)


# ---------------------------------------------------------------- they keep the status we send


def _sent(ours: Ours, theirs: Theirs) -> Verdict:
    taken = _taken(ours)
    waiting = [step for step in ours.steps if step.open and not step.taken and step.status]
    now = taken[-1] if taken else None
    head = waiting[0] if waiting and waiting[0].resting else None
    if theirs.status and now is not None and theirs.status not in now.shown:
        return _other_status(ours, theirs, head=head, waiting=waiting)
    if theirs.status and now is not None and head is not None and head.doubtful:
        if theirs.status not in head.shown:
            return _not_taken(head, ours, "Không rõ bước này đã nhận hay chưa; trạng thái bên kia chưa đổi")
        reason = "Trước và sau bước chưa rõ, trạng thái như nhau: hỏi cũng không biết, phải hỏi người của bên kia"
        return Verdict(Difference.NOT_ASKABLE, reason, OPERATOR, ours=now.status)
    if theirs.status and now is None and head is not None and theirs.status in head.shown:
        return _is_there(head, ours)
    return _content(ours, theirs)


def _other_status(ours: Ours, theirs: Theirs, *, head: Step | None, waiting: list[Step]) -> Verdict:
    taken, status = _taken(ours), _status(ours)
    if head is not None and theirs.status in head.shown:
        return _is_there(head, ours)
    if any(theirs.status in step.shown for step in waiting):
        return Verdict(Difference.UNDERWAY, "Bước mới đang trên đường: nhật ký sắp ghi", NOBODY, ours=status)
    passed = any(theirs.status in step.shown for step in taken[:-1])
    if not passed and _STAGES.get(theirs.status, 0) >= _STAGES.get(status, 0):
        return _beyond(theirs, status)
    if head is not None:
        reason = "Bên kia chậm hơn, và một lượt giao sau đó đang chờ xử lý tay: giải quyết lượt ấy trước"
        return Verdict(Difference.BEHIND, reason, OPERATOR, ours=status)
    if waiting:
        return Verdict(Difference.UNDERWAY, "Bên kia chậm hơn; bước mới còn trong hàng chờ", NOBODY, ours=status)
    again = (Repair(REPLAY, taken[-1].delivery_id),)
    reason = f"Bên kia còn ở trạng thái {theirs.status}, đã giao tới {status}: phát lại bước mới nhất"
    return Verdict(Difference.BEHIND, reason, OPERATOR, ours=status, repairs=again)


def _beyond(theirs: Theirs, status: str) -> Verdict:
    if _STAGES.get(theirs.status, 0) > _STAGES.get(status, 0):
        reason = f"Bên kia đã ở trạng thái {theirs.status}, ta mới giao tới {status}: người xem ai đã ghi ở bên kia"
        return Verdict(Difference.AHEAD, reason, OPERATOR, ours=status)
    reason = f"Trạng thái bên kia là {theirs.status}, ta đã giao {status}, không biết bên nào đi trước: người xem"
    return Verdict(Difference.OTHER_CONTENT, reason, OPERATOR, status, {"TrangThai": f"{status} ≠ {theirs.status}"})


def _content(ours: Ours, theirs: Theirs) -> Verdict:
    both = ours.content.keys() & theirs.content.keys()
    other = {
        path: f"{ours.content[path]} ≠ {theirs.content[path]}"
        for path in sorted(both)
        if ours.content[path] != theirs.content[path]
    }
    if not other:
        return Verdict(Difference.EQUAL, ours=_status(ours))
    reason = f"Nội dung khác ở {', '.join(other)}: gửi lại hồ sơ sẽ kéo lùi trạng thái, nên để người quyết"
    return Verdict(Difference.OTHER_CONTENT, reason, OPERATOR, ours=_status(ours), detail=other)


# ---------------------------------------------------------------- the status is born there


def _told(ours: Ours, theirs: Theirs) -> Verdict:
    known = _status(ours)
    if not theirs.status or theirs.status == known:
        return _content(ours, theirs)
    questions = [step for step in ours.steps if step.kind == ours.question]
    if any(step.open and not step.resting for step in questions):
        return Verdict(Difference.UNDERWAY, "Bên kia đã đổi trạng thái; bus đang hỏi tiếp", NOBODY, ours=known)
    if known and (theirs.status in ours.told or _STAGES.get(theirs.status, 0) < _STAGES.get(known, 0)):
        reason = f"Bên kia lùi về trạng thái {theirs.status}, trước đây đã báo {known}: hỏi đơn vị"
        return Verdict(Difference.BEHIND, reason, DEPARTMENT, ours=known)
    asked = next((step for step in reversed(questions) if step.taken), None)
    again = (Repair(REPLAY, asked.delivery_id),) if asked is not None else ()
    done = "phát lại câu hỏi trạng thái" if again else "người xem, không có câu hỏi nào để phát lại"
    reason = f"Bên kia đã ở trạng thái {theirs.status}, ta mới nghe tới {known or 'chưa có gì'}: {done}"
    return Verdict(Difference.AHEAD, reason, OPERATOR, ours=known, repairs=again)
