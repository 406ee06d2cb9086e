"""The console's words: what operators read for states, kinds, outcomes and owners. A state is word, icon and colour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bus.delivery import State
from bus.outcome import Outcome
from schemas.problem import Owner, Stage


@dataclass(frozen=True, slots=True)
class Sign:
    """How a state is shown. Never by colour alone."""

    word: str
    icon: str  # one sign of a plain text font
    tone: str  # class in the style sheet
    means: str  # one sentence


STATES: Mapping[State, Sign] = {
    State.PARKED: Sign("Chờ xử lý tay", "!", "parked", "Dừng lại cho tới khi có người xử lý"),
    State.UNCLEAR: Sign("Chưa rõ", "?", "unclear", "Đã gửi mà không rõ bên nhận đã nhận chưa"),
    State.WAITING: Sign("Chờ thử lại", "↻", "waiting", "Sẽ tự thử lại"),
    State.HELD: Sign("Bị giữ", "‖", "held", "Chờ lượt giao đứng trước"),
    State.SENDING: Sign("Đang gửi", "→", "sending", "Một tiến trình đang gửi"),
    State.READY: Sign("Sẵn sàng", "○", "ready", "Tới lượt là gửi"),
    State.DELIVERED: Sign("Đã giao", "✓", "delivered", "Bên nhận đã nhận"),
    State.CANCELLED: Sign("Đã hủy", "×", "cancelled", "Đã có người hủy, kèm lý do"),
}
NEXT: Mapping[State, str] = {  # what happens at `next_at`
    State.WAITING: "tự thử lại lúc",
    State.UNCLEAR: "lúc",
    State.SENDING: "giữ việc muộn nhất tới",
    State.HELD: "không sớm hơn",
    State.READY: "không sớm hơn",
    State.PARKED: "",
}
REJECTED, ASKED, ACCEPTED = "rejected", "asked", "accepted"
VERDICTS: Mapping[str, Sign] = {
    REJECTED: Sign("Từ chối", "×", "rejected", "Không tiếp nhận; bên gửi đã được báo lý do"),
    ASKED: Sign("Hỏi đáp", "⇄", "asked", "Trả lời ngay, không qua hàng đợi"),
    ACCEPTED: Sign("Đã ghi nhận", "✓", "accepted", "Đã ghi vào nhật ký"),
}
KINDS: Mapping[str, str] = {
    "ho_so": "Hồ sơ",
    "tien_do": "Tiến độ",
    "ket_qua": "Kết quả",
    "bo_sung": "Bổ sung",
    "tep_dinh_kem": "Tệp đính kèm",
    "hoi_trang_thai": "Hỏi trạng thái",
    "phi_le_phi": "Phí, lệ phí",
    "tra_cuu": "Tra cứu",
    "goc": "Bản gốc",
}
OUTCOMES: Mapping[Outcome, Sign] = {
    Outcome.ACCEPTED: Sign("Bên nhận đã nhận", "✓", "delivered", ""),
    Outcome.DUPLICATE: Sign("Bên nhận đã có từ trước", "✓", "delivered", ""),
    Outcome.REJECTED: Sign("Bên nhận từ chối nội dung", "×", "parked", ""),
    Outcome.REFUSED: Sign("Bên nhận từ chối đăng nhập", "×", "waiting", ""),
    Outcome.UNAVAILABLE: Sign("Không liên lạc được", "↻", "waiting", ""),
    Outcome.THROTTLED: Sign("Bị yêu cầu gửi chậm lại", "↻", "waiting", ""),
    Outcome.UNCLEAR: Sign("Không rõ đã nhận chưa", "?", "unclear", ""),
    Outcome.BAD_REPLY: Sign("Trả lời sai quy ước", "?", "unclear", ""),
    Outcome.LOCAL_FAULT: Sign("Dừng ở phía ta", "↻", "waiting", ""),
}
OWNERS: Mapping[str, str] = {
    Owner.SENDER.value: "Bên gửi",
    Owner.INTEGRATOR.value: "Người tích hợp",
    Owner.OPERATOR.value: "Người vận hành",
    Owner.RECEIVER.value: "Bên nhận",
    Owner.US.value: "Nhóm kỹ thuật lienthong",
}
STAGES: Mapping[str, str] = {
    Stage.RECEIVE.value: "nhận",
    Stage.PARSE.value: "đọc",
    Stage.VALIDATE_IN.value: "kiểm tra theo lược đồ bên gửi",
    Stage.SPLIT.value: "tách từng hồ sơ",
    Stage.TRANSLATE_IN.value: "chuyển sang dạng chuẩn",
    Stage.VALIDATE_CANONICAL.value: "kiểm tra dạng chuẩn",
    Stage.ROUTE.value: "chọn tuyến",
    Stage.ACCEPT.value: "ghi nhận",
    Stage.TRANSLATE_OUT.value: "chuyển sang dạng bên nhận",
    Stage.VALIDATE_OUT.value: "kiểm tra theo lược đồ bên nhận",
    Stage.SIGN.value: "ký số",
    Stage.DELIVER.value: "giao",
    Stage.SETTLE.value: "ghi kết quả",
    Stage.CONFIGURE.value: "cấu hình",
}
ACTS: Mapping[str, str] = {
    "release": "Thả ra", "replay": "Phát lại", "cancel": "Hủy", "settle": "Ghi là đã giao",
    "deny": "Ghi là bên nhận chưa có", "look": "Mở che", "supersede": "Bản mới hơn thay chỗ", "expire": "Hết hạn",
    "erase": "Xoá nội dung", "hold": "Giữ nội dung", "unhold": "Thôi giữ nội dung",
}  # fmt: skip
