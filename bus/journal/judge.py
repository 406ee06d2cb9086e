"""Whether a person's act on a delivery is allowed: pure. The answer is the reason why not, in Vietnamese."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bus.delivery import State
from bus.journal.delivery_row import ASIDE, IN_LANE, DeliveryRow, is_live, mark_of
from bus.records import Act, Action
from bus.records.retaining import ErasedMark
from bus.retention import said_vi


@dataclass(frozen=True, slots=True)
class Behind:
    """What stands behind a delivery in its own lane."""

    delivered: bool  # one of them was delivered
    on_its_way: bool  # one of them is being sent, is on offer, or nobody knows whether it was taken
    newer: bool  # one of those delivered tells all that it tells


def behind_of(row: DeliveryRow, later: Iterable[DeliveryRow], *, now_us: int) -> Behind:
    """`later`: what stands behind it in its lane and was not cancelled."""
    rows = [one for one in later if one.state != State.CANCELLED.value]
    delivered = [one for one in rows if one.state == State.DELIVERED.value]
    return Behind(
        delivered=bool(delivered),
        on_its_way=any(on_its_way(one, now_us=now_us) for one in rows),
        newer=any(row.replaces and one.replaces == row.replaces for one in delivered),
    )


CHANGED = "Đã đổi từ lúc lập kế hoạch, không đụng tới"


def refusal(action: Action, row: DeliveryRow, behind: Behind, *, now_us: int, erased: ErasedMark | None = None) -> str:
    """Why not; "" = allowed. `erased`: its content is gone. What something happened to since the person decided is
    not touched.

    A delivered or cancelled message is replayed in its own place of the lane, never at its end: so nothing behind
    it may have been delivered or be on its way. To send a whole tail again, replay it from its end forward.
    One that stands aside goes to the head of its lane: its route allowed the others to pass, so they may have been
    delivered, but none may be on its way, and none may have told all that it tells.
    """
    if action.seen and action.seen != mark_of(row):
        return CHANGED
    act, why = action.act, action.why
    if row.open and is_live(row, now_us=now_us):
        return "Đang được gửi đi: đợi có kết quả rồi làm lại"
    if act is Act.CANCEL:
        return _refuse_cancel(row, why=why)
    if act is Act.REPLAY and erased is not None:
        return f"{said_vi(erased)}: không gửi lại được"
    if row.open == ASIDE and behind.newer:
        return "Bản mới hơn của cùng hồ sơ đã được giao; gửi bản này sẽ ghi trạng thái cũ đè lên mới: hãy hủy"
    if row.open != IN_LANE and behind.on_its_way and (act is Act.REPLAY or row.open):
        return "Bản tin đi sau của cùng hồ sơ đang trên đường đi; đợi nó xong rồi làm lại"
    if act in (Act.SETTLE, Act.DENY):
        return _refuse_word(row, why=why)
    if act is Act.RELEASE:
        return _refuse_release(row)
    if row.held_behind and row.open:
        return "Đang đợi bản tin đi trước theo tuyến có thứ tự: phát lại bản tin đó trước"
    if not row.open and behind.delivered:
        return "Bản tin đi sau của cùng hồ sơ đã được giao; phát lại bản tin này sẽ làm sai thứ tự"
    return ""


def _refuse_release(row: DeliveryRow) -> str:
    if not row.open:
        return "Đã kết thúc: dùng phát lại nếu cần gửi lần nữa"
    if row.held_behind:
        return "Đang đợi bản tin đi trước theo tuyến có thứ tự"
    if row.state not in (State.PARKED.value, State.WAITING.value):
        return "Không ở trạng thái chờ xử lý tay hay chờ đến giờ, nên không có gì để thả"
    return ""


def _refuse_cancel(row: DeliveryRow, *, why: str) -> str:
    if not row.open:
        return "Đã kết thúc, không hủy được nữa"
    if not why.strip():
        return "Phải ghi lý do hủy"
    return ""


def _refuse_word(row: DeliveryRow, *, why: str) -> str:
    if not row.open:
        return "Đã kết thúc, không còn gì để ghi"
    if row.held_behind:
        return "Đang đợi bản tin đi trước theo tuyến có thứ tự"
    if row.state not in (State.UNCLEAR.value, State.PARKED.value):
        return "Không ở trạng thái chưa rõ hay chờ xử lý tay: bus sẽ tự biết bên kia đã có hay chưa"
    return "" if why.strip() else "Phải ghi bằng chứng của bên kia"


def on_its_way(row: DeliveryRow, *, now_us: int) -> bool:
    """Bytes of it may be at the partner, or about to be."""
    on_offer = row.offered_us is not None
    return bool(row.open) and (is_live(row, now_us=now_us) or on_offer or bool(row.doubts) or _unclear(row))


def _unclear(row: DeliveryRow) -> bool:
    return row.state == State.UNCLEAR.value
