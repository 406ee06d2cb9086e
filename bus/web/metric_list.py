"""Every metric there is: its name, kind, labels, and what it tells. The page of metrics is made of this list."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """As Prometheus knows them."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric."""

    name: str  # as scraped; a histogram adds _bucket, _sum, _count
    kind: Kind
    labels: tuple[str, ...]
    vi: str
    en: str


def _counter(name: str, vi: str, en: str, *labels: str) -> Metric:
    return Metric(f"lienthong_{name}_total", Kind.COUNTER, labels, vi, en)


def _gauge(name: str, vi: str, en: str, *labels: str) -> Metric:
    return Metric(f"lienthong_{name}", Kind.GAUGE, labels, vi, en)


def _histogram(name: str, vi: str, en: str, *labels: str) -> Metric:
    return Metric(f"lienthong_{name}_seconds", Kind.HISTOGRAM, labels, vi, en)


HEALTHY = _gauge("healthy", "1 = không ai phải làm gì", "1 = nobody has to do anything")
CONDITION = _gauge(
    "condition", "1 ở tình trạng đang thấy, 0 ở các tình trạng khác", "1 for what is seen now, else 0", "condition"
)
LOOK_AGE = _gauge("look_age_seconds", "lần xem gần nhất đã bao lâu", "age of the last look")
STORE_UP = _gauge(
    "store_up",
    "1 = nhật ký, hàng đợi trả lời ở lần xem gần nhất",
    "1 = the journal, the queue answered at the last look",
    "store",
)
CALLS = _counter(
    "calls",
    "cuộc gọi ở cửa, theo hệ thống và cách trả lời",
    "calls at the doors, by system and answer",
    "system",
    "answer",
)
REJECTED = _counter(
    "rejected",
    "vấn đề đã báo bên gọi ở cửa, theo mã",
    "problems told to callers at the doors, by code",
    "system",
    "code",
)
CONNECTIONS = _gauge("door_connections", "kết nối đang mở ở cửa", "connections open at the door")
TURNED_AWAY = _counter(
    "door_turned_away",
    "kết nối hay lần gọi bị cửa đóng lại, theo lý do",
    "connections or calls the door shut out, by reason",
    "reason",
)
UNSEALED = _gauge(
    "unsealed_entries",
    "bản ghi của chuỗi nhật ký chờ niêm phong",
    "entries of the journal's chain that wait for a seal",
)
SEAL_AGE = _gauge(
    "seal_age_seconds",
    "bản ghi chờ niêm phong lâu nhất đã chờ bao lâu; quá evidence.grace_s thì phải có người xem",
    "how long the oldest entry has waited for its seal; beyond evidence.grace_s a person must look",
)
ACCEPTED = _counter(
    "deliveries_accepted",
    "lượt giao đã nhận từ trước tới nay, đếm lúc nhận",
    "deliveries ever accepted, counted at acceptance",
)
DELIVERIES = _gauge(
    "deliveries",
    "lượt giao theo trạng thái lưu trong nhật ký; ready gồm cả đang gửi và bị giữ",
    "deliveries by the state stored in the journal; ready includes those being sent and held",
    "state",
)
DELIVERIES_SUM = _gauge(
    "deliveries_sum", "đang mở (đếm từng dòng) + đã giao + đã hủy", "open (rows counted) + delivered + cancelled"
)
DIFFERENCE = _gauge(
    "deliveries_difference",
    "đã nhận trừ tổng trên; khác 0 là lỗi của chúng tôi",
    "accepted less that sum; anything but 0 is a fault of ours",
)
ATTEMPTS = _counter(
    "attempts", "lần thử theo điểm nối và kết quả", "attempts by endpoint and outcome", "endpoint", "outcome"
)
EXPIRED = _counter(
    "expired", "lượt giao quá hạn, theo điểm nối", "deliveries whose deadline passed, by endpoint", "endpoint"
)
ATTEMPT_S = _histogram("attempt_duration", "một lần thử lâu bao nhiêu", "how long an attempt takes", "endpoint")
COMMIT_S = _histogram(
    "commit_duration",
    "một lần ghi nhật ký lâu bao nhiêu, mọi tiến trình",
    "how long a commit of the journal takes, all processes",
)
LANES = _gauge("queue_lanes", "làn trong hàng đợi theo chỗ đứng", "lanes in the queue by where they are", "place")
QUEUED = _gauge("queue_deliveries", "lượt giao trong hàng đợi", "deliveries in the queue")
DUE_AGE = _gauge(
    "due_age_seconds",
    "việc tới hạn lâu nhất của điểm nối đã bao lâu",
    "age of what has been due longest at the endpoint",
    "endpoint",
)
READY_LANES = _gauge("endpoint_ready_lanes", "làn sẵn sàng của điểm nối", "ready lanes of the endpoint", "endpoint")
IN_FLIGHT = _gauge("endpoint_in_flight", "đang gửi tới điểm nối", "being sent to the endpoint", "endpoint")
BREAKER = _gauge(
    "endpoint_breaker", "cầu dao: 0 thông, 1 thăm dò, 2 ngắt", "breaker: 0 closed, 1 half open, 2 open", "endpoint"
)
PAUSED = _gauge("endpoint_paused", "1 = có người cho tạm dừng", "1 = a person paused it", "endpoint")
RESTS = _gauge(
    "endpoint_rests",
    "1 = có việc mà chưa gửi được, theo lý do",
    "1 = there is work and it is not sent to, by reason",
    "endpoint",
    "reason",
)
FEEDER = _gauge(
    "feeder_waiting", "đợt đã nhận mà hàng đợi chưa được báo", "batches accepted that the queue was not told of yet"
)
GENERATION = _gauge(
    "generation",
    "thế hệ hàng đợi theo nhật ký và theo hàng đợi; khác nhau lâu là lỗi",
    "generation by the journal and by the queue; different for long is a fault",
    "store",
)
WORKERS = _gauge(
    "workers",
    "tiến trình giao còn báo, và im lặng trong một giờ qua",
    "workers that give signs, and that were silent within the hour",
    "state",
)
STUCK = _gauge(
    "stuck", "việc kẹt theo lý do, xem lienthong stuck", "what is stuck, by reason; see lienthong stuck", "reason"
)

SIGNED = _counter("signatures", "lần dùng khóa của ta, theo khóa", "uses of our keys, by key", "key")
EXAMINED = _counter(
    "attachments_examined",
    "tệp đính kèm đã xem chữ ký số, theo kết luận",
    "attachments whose signatures were looked at, by judgement",
    "judgement",
)
UNEXAMINED = _gauge(
    "attachments_waiting",
    "thông điệp có tệp đính kèm chờ xem chữ ký số",
    "messages whose attachments wait to be looked at",
)
UNEXAMINED_AGE = _gauge(
    "attachments_waiting_age_seconds",
    "thông điệp chờ xem chữ ký số lâu nhất đã chờ bao lâu",
    "how long the oldest of them has waited",
)
DAYS_LEFT = _gauge(
    "days_left",
    "khóa, chứng thư, danh sách thu hồi còn bao nhiêu ngày; âm = đã hết; báo ở 60, 30, 7, 1",
    "days that keys, certificates and revocation lists have left; below 0 = ended; said at 60, 30, 7, 1",
    "kind",
    "name",
)

STATUS = _counter(
    "status_answers",
    "câu hỏi trạng thái chứng thư (OCSP) theo kho và trả lời: good, revoked, unknown, away = không trả lời",
    "questions about certificates (OCSP) by store and answer: good, revoked, unknown, away = none came",
    "store",
    "answer",
)
AWAY = _gauge(
    "responders_away",
    "máy trả lời trạng thái chứng thư đang im lặng, cộng mọi tiến trình; khác 0 thì chứng thư mới không được tin",
    "responders that give no answer now, over all processes; while not 0 no new certificate is believed",
    "store",
)

METRICS: tuple[Metric, ...] = (
    HEALTHY, CONDITION, LOOK_AGE, STORE_UP, CALLS, REJECTED, CONNECTIONS, TURNED_AWAY, ACCEPTED, DELIVERIES,
    DELIVERIES_SUM, DIFFERENCE, ATTEMPTS, EXPIRED, ATTEMPT_S,
    COMMIT_S, LANES, QUEUED, DUE_AGE, READY_LANES, IN_FLIGHT, BREAKER,
    PAUSED, RESTS, FEEDER, GENERATION, WORKERS, STUCK, UNSEALED, SEAL_AGE, SIGNED, DAYS_LEFT, STATUS, AWAY,
    EXAMINED, UNEXAMINED, UNEXAMINED_AGE,
)  # fmt: skip
