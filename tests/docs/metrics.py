"""The page of health and metrics: conditions from the watch and its catalogue, metrics from their list."""

from __future__ import annotations

from bus.watch.liveness import CODES, Condition
from bus.watch.stuck import REASON_CODES, Reason
from bus.web.metric_list import METRICS, Kind
from schemas.problem import catalogue
from tests.docs.tongue import MADE, table

_WELL = {
    Condition.IDLE: ("không có gì tới hạn", "nothing is due"),
    Condition.MOVING: ("có việc tới hạn và đang chạy", "something is due, and it moves"),
    Condition.RESTING: (
        "mọi việc tới hạn đều của nơi nhận đang nghỉ: tạm dừng, không trả lời, ngoài giờ, hết mức, dừng thử lại",
        "everything due is for receivers that rest: paused, not answering, outside their hours, rate spent, "
        "retries stopped",
    ),
}
_TEXTS = {
    "vi": (
        "Sức khoẻ và số đo",
        "Cửa trả lời `/health/live` (tiến trình còn sống), `/ready` và `/health/ready` (nhận được thông điệp; 503 nếu "
        "nhật ký không ghi được), `/health` (cả việc có chạy hay không; 503 kèm câu tiếng Việt, mã và việc phải làm). "
        "Cân bằng tải hỏi `/ready`; giám sát hỏi `/health`. Có việc tới hạn mà không gì chuyển động là hỏng: nhật ký "
        "chạy có một dòng ERROR, nhắc lại thưa dần, và một dòng INFO khi chạy lại. Các giới hạn: mục `[watch]` của "
        "`settings.md`.",
        "Tình trạng",
        ("tình trạng", "mã", "nghĩa", "làm gì"),
        "Việc kẹt",
        "`lienthong stuck`, trang “Việc kẹt” của bàn điều hành, và số đo `lienthong_stuck`.",
        "Số đo",
        "`/metrics` cho Prometheus, chỉ các mạng ở `door.metrics_from`. Số liệu là của lần xem gần nhất: đọc không "
        "đụng nhật ký hay hàng đợi, và vẫn trả lời khi chúng tắt. Tiến trình giao ghi số đếm của mình vào nhật ký, cửa "
        "cộng lại; không nhãn nào mang mã hồ sơ, mã thông điệp hay dữ liệu công dân. Đã nhận = tổng các trạng thái: "
        "`lienthong_deliveries_difference` phải là 0. Luật cảnh báo mẫu: "
        "[lienthong.rules.yml](../examples/canh_bao/lienthong.rules.yml).",
        ("số đo", "loại", "nhãn", "nghĩa"),
        "Cửa đông người",
        "Mỗi địa chỉ giữ nhiều nhất `door.connections_per_address` kết nối, tất cả nhiều nhất `door.connections`. Khi "
        "đầy, kết nối chỉ ngồi chờ bị đóng nhường chỗ; cuộc gọi đang được trả lời thì không. `/health` luôn có chỗ. "
        "Sai mật khẩu hơn mười lần liền thì tên ấy ở địa chỉ ấy phải chờ, từ 1 đến 60 giây (LT-DOOR-010), tên khác và "
        "bên gọi có ký sau cùng proxy thì không; cả địa chỉ được sai một trăm lần, rồi ba giây một lần, quá thế chỉ ai "
        "chưa từng đúng từ đó phải chờ. `callers.<id>.from` giới hạn mạng được gọi. Sau proxy hay NAT chung, mọi bên "
        "gọi là một địa chỉ: tăng "
        "`door.connections_per_address`.",
    ),
    "en": (
        "Health and metrics",
        "The door answers `/health/live` (the process lives), `/ready` and `/health/ready` (messages can be taken; 503 "
        "where the journal cannot be written), `/health` (also whether work moves; 503 with a sentence, a code and "
        "what to do). A load balancer asks `/ready`, a monitor `/health`. Work that is due and that nobody moves is a "
        "fault: the log has one ERROR line, reminders ever more seldom, and one INFO line when it moves again. Limits: "
        "section `[watch]` of `settings.md`.",
        "Conditions",
        ("condition", "code", "meaning", "to do"),
        "What is stuck",
        "`lienthong stuck`, the console's page “Việc kẹt”, and the metric `lienthong_stuck`.",
        "Metrics",
        "`/metrics` for Prometheus, for the networks of `door.metrics_from` only. The numbers are those of the last "
        "look: a scrape touches neither journal nor queue, and is answered while they are away. Workers write their "
        "counts into the journal, the door adds them up; no label carries a dossier's code, a message's id or a "
        "citizen's data. Accepted = the sum of states: `lienthong_deliveries_difference` must be 0. Example alert "
        "rules: [lienthong.rules.yml](../examples/canh_bao/lienthong.rules.yml).",
        ("metric", "kind", "labels", "meaning"),
        "A crowd at the door",
        "One address holds at most `door.connections_per_address` connections, all together `door.connections`. At a "
        "limit, connections that only wait are closed for newcomers; a call being answered never is. `/health` always "
        "has a place. After more than ten wrong passwords in a row that name waits at that address, from 1 to 60 "
        "seconds (LT-DOOR-010); other names and callers that sign behind the same proxy do not. An address may be "
        "wrong a hundred times, then once in three seconds: beyond that waits only who was never right from it. "
        "`callers.<id>.from` says from which networks a caller may call. Behind a proxy or a shared NAT all callers "
        "are one address: raise `door.connections_per_address`.",
    ),
}


def metrics_page(language: str) -> str:
    """The whole page."""
    vi = language == "vi"
    title, intro, conditions, heads, stuck, stuck_text, metrics, text, columns, crowd, crowd_text = _TEXTS[language]
    lines = [MADE[language], f"# {title}", "", intro, "", f"## {conditions}", ""]
    lines += [*table(heads, *(_condition(one, vi=vi) for one in Condition)), "", f"## {stuck}", "", stuck_text, ""]
    lines += [*table(heads, *(_row(one.value, REASON_CODES[one], vi=vi) for one in Reason)), ""]
    lines += [f"## {metrics}", "", text, ""]
    rows = [
        (f"`{one.name}`", one.kind.value, " ".join(f"`{label}`" for label in _labels(one.labels, one.kind)),
         one.vi if vi else one.en)
        for one in METRICS
    ]  # fmt: skip
    return "\n".join([*lines, *table(columns, *rows), "", f"## {crowd}", "", crowd_text, ""])


def _labels(labels: tuple[str, ...], kind: Kind) -> tuple[str, ...]:
    return (*labels, "le") if kind is Kind.HISTOGRAM else labels


def _condition(condition: Condition, *, vi: bool) -> tuple[str, ...]:
    if condition in _WELL:
        return (f"`{condition.value}`", "", _WELL[condition][0 if vi else 1], "")
    return _row(condition.value, CODES[condition], vi=vi)


def _row(name: str, code: str, *, vi: bool) -> tuple[str, ...]:
    text = catalogue()[code]
    return (f"`{name}`", code, text.vi if vi else text.en, text.do_vi if vi else text.do_en)
