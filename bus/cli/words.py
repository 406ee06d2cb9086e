"""The words of the command line: states, verdicts, kinds, outcomes, owners, acts; and their colours."""

from __future__ import annotations

from collections.abc import Mapping

from bus.delivery import Delivery, Pattern, State
from bus.outcome import Outcome
from bus.records import PlanAct, PlanItemState, PlanState
from schemas.problem import Owner, ProblemText

STATES: Mapping[State, tuple[str, str, str]] = {  # Vietnamese, English, colour
    State.READY: ("sẵn sàng", "ready", "cyan"),
    State.SENDING: ("đang gửi", "sending", "cyan"),
    State.WAITING: ("chờ thử lại", "waiting", "yellow"),
    State.HELD: ("bị giữ", "held", "yellow"),
    State.UNCLEAR: ("chưa rõ", "unclear", "magenta"),
    State.PARKED: ("chờ xử lý tay", "parked", "bold red"),
    State.DELIVERED: ("đã giao", "delivered", "green"),
    State.CANCELLED: ("đã hủy", "cancelled", "dim"),
}
VERDICTS: Mapping[str, tuple[str, str, str]] = {
    "accepted": ("đã ghi nhận", "accepted", "green"),
    "rejected": ("từ chối", "rejected", "red"),
    "asked": ("hỏi đáp", "asked", ""),
}
KINDS: Mapping[str, str] = {
    "ho_so": "hồ sơ",
    "tien_do": "tiến độ",
    "ket_qua": "kết quả",
    "bo_sung": "bổ sung",
    "tep_dinh_kem": "tệp đính kèm",
    "hoi_trang_thai": "hỏi trạng thái",
    "phi_le_phi": "phí, lệ phí",
    "tra_cuu": "tra cứu",
    "goc": "bản gốc",
}
OUTCOMES: Mapping[Outcome, str] = {
    Outcome.ACCEPTED: "bên nhận đã nhận",
    Outcome.DUPLICATE: "bên nhận đã có từ trước",
    Outcome.REJECTED: "bên nhận từ chối nội dung",
    Outcome.REFUSED: "bên nhận từ chối đăng nhập",
    Outcome.UNAVAILABLE: "không liên lạc được",
    Outcome.THROTTLED: "bị yêu cầu gửi chậm lại",
    Outcome.UNCLEAR: "không rõ đã nhận chưa",
    Outcome.BAD_REPLY: "trả lời sai quy ước",
    Outcome.LOCAL_FAULT: "dừng ở phía ta",
}
OWNERS: Mapping[str, str] = {
    Owner.SENDER.value: "bên gửi",
    Owner.INTEGRATOR.value: "người tích hợp",
    Owner.OPERATOR.value: "người vận hành",
    Owner.RECEIVER.value: "bên nhận",
    Owner.US.value: "nhóm kỹ thuật lienthong",
}
ACTS: Mapping[str, str] = {
    "release": "thả ra",
    "replay": "phát lại",
    "cancel": "hủy",
    "settle": "ghi là đã giao",
    "deny": "ghi là bên nhận chưa có",
    "look": "mở che",
    "supersede": "bản mới hơn thay chỗ",
    "expire": "hết hạn",
    "erase": "xoá nội dung",
    "hold": "giữ nội dung",
    "unhold": "thôi giữ nội dung",
}
PLAN_ACTS: Mapping[PlanAct, str] = {
    PlanAct.RELEASE: "thả ra",
    PlanAct.REPLAY: "dịch lại rồi gửi",
    PlanAct.REPLAY_AS_THEN: "gửi lại nội dung cũ",
    PlanAct.CANCEL: "hủy",
    PlanAct.SETTLE: "ghi là đã giao",
    PlanAct.DENY: "ghi là bên nhận chưa có rồi gửi",
    PlanAct.TAKE_AGAIN: "nhận lại từ bản gốc",
}
PLAN_STATES: Mapping[PlanState, tuple[str, str, str]] = {
    PlanState.OPEN: ("còn việc", "open", "yellow"),
    PlanState.DONE: ("đã làm hết", "done", "green"),
    PlanState.CANCELLED: ("đã hủy", "cancelled", "dim"),
}
PLAN_ITEM_STATES: Mapping[PlanItemState, tuple[str, str]] = {
    PlanItemState.OPEN: ("chưa làm", "open"),
    PlanItemState.DONE: ("đã làm", "done"),
    PlanItemState.REFUSED: ("không làm được", "refused"),
    PlanItemState.DROPPED: ("bỏ", "dropped"),
}
FETCHES = "bên nhận đến lấy"


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "…"


def without_values(text: str) -> str:
    """A catalogue text where the values of one message are not at hand.

    >>> without_values("Mã “{value}” không có trong bảng {table}")
    'Mã “…” không có trong bảng …'
    """
    return text.format_map(_Blank())


def both(words: tuple[str, str, str]) -> str:
    """Vietnamese first.

    >>> both(STATES[State.PARKED])
    'chờ xử lý tay / parked'
    """
    return f"{words[0]} / {words[1]}"


def who_acts(delivery: Delivery | None, text: ProblemText | None) -> str:
    """Who must act before it goes on, in Vietnamese; "" = nobody. No delivery: the message was refused."""
    if delivery is None or delivery.state is State.PARKED:
        return OWNERS[text.owner.value] if text else OWNERS["operator"] if delivery else ""
    if delivery.pattern is Pattern.PULL and delivery.state in (State.READY, State.SENDING):
        return FETCHES
    return ""
