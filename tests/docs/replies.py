"""The page of replies: what each partner's answers mean to us, made of the tables in the manifests."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.manifest import Direction, Manifest, Operation, ReplyRule
from adapters.registry import Registry
from adapters.reply_classes import ReplyClass, class_of, covered
from tests.docs.tongue import MADE, table

_TITLE = {"vi": "Lời đáp của đối tác", "en": "Partners' replies"}
_HEAD = {
    "vi": "Ai đáp gì thì ta làm gì, theo bảng `replies` trong `adapter.toml` của từng hệ thống: dòng đầu tiên khớp "
    "quyết định, không bao giờ mặc định là thành công. Nhịp thử lại: [retry.md](retry.md).",
    "en": "What we do at which reply, by the table `replies` in each system's `adapter.toml`: the first line that fits "
    "decides, and success is never the default. When is tried again: [retry.md](retry.md).",
}
_CLASSES = {
    ReplyClass.TAKEN: ("đã nhận", "taken", "xong", "done"),
    ReplyClass.DUPLICATE: ("đã có", "duplicate", "xong", "done"),
    ReplyClass.PERMANENT: (
        "từ chối nội dung", "permanent", "chờ xử lý tay, không tự gửi lại", "parked, never sent again by itself",
    ),
    ReplyClass.NEEDS_LOGIN: (
        "cần đăng nhập", "needs login", "thử lại theo nhịp", "tried again by the policy",
    ),
    ReplyClass.RETRYABLE: ("thử lại được", "retryable", "thử lại theo nhịp", "tried again by the policy"),
    ReplyClass.UNCLEAR: (
        "chưa rõ", "unclear", "hỏi, gửi lại nơi an toàn, hay chờ xử lý tay", "asked, repeated where safe, or parked",
    ),
}  # fmt: skip
_AGAIN = {
    "update": ("gửi lại ngay dưới dạng cập nhật", "sent once more at once, as an update"),
    "login": (
        "đăng nhập lại một lần ngay trong lần thử; vẫn bị từ chối thì thử lại theo nhịp",
        "logged in anew once within the try; refused again: tried again by the policy",
    ),
}
_LINE = (
    ("không kết nối được", "no connection", ReplyClass.RETRYABLE),
    ("đã gửi, hết thời gian chờ hay đứt giữa chừng", "sent, then no answer in time or cut off", ReplyClass.UNCLEAR),
    ("không đăng nhập được", "the login failed", ReplyClass.NEEDS_LOGIN),
    ("HTTP 429, 503", "HTTP 429, 503", ReplyClass.RETRYABLE),
    ("không dòng nào khớp, hay ngoài lược đồ", "no line fits, or outside the schema", ReplyClass.UNCLEAR),
)


def replies_page(language: str) -> str:
    """The whole page."""
    vi = language == "vi"
    lines = [MADE[language], f"# {_TITLE[language]}", "", _HEAD[language], ""]
    lines += ["## Trên đường truyền, với mọi đối tác" if vi else "## On the line, whoever the partner", ""]
    rows = [(said[0 if vi else 1], *_class(said[2], language)) for said in _LINE]
    lines += [*table(("khi", "lớp", "rồi") if vi else ("when", "class", "then"), *rows), ""]
    for adapter in sorted(Registry.load(), key=lambda one: one.id):
        lines += _system(adapter.manifest, language)
    return "\n".join(lines)


def _system(manifest: Manifest, language: str) -> Iterator[str]:
    asked = {name: one for name, one in manifest.operations.items() if one.replies}
    if not asked:
        return
    vi = language == "vi"
    yield from (f"## {manifest.id}: {manifest.title_vi if vi else manifest.title_en}", "")
    for name, operation in asked.items():
        yield from (f"### {name}: {operation.title_vi if vi else operation.title_en}", "")
        titles = ("dòng", "khi", "lớp", "rồi") if vi else ("line", "when", "class", "then")
        rows = [
            (n, _when(rule, language), *_then(rule, operation, language)) for n, rule in enumerate(operation.replies, 1)
        ]
        yield from (*table(titles, *rows), "")
    if manifest.known_codes:
        yield from ("### Mã đã biết" if vi else "### Known codes", "")
        titles = ("thao tác", "mã", "lời", "nghĩa", "lớp", "dòng") if vi else (
            "operation", "code", "words", "meaning", "class", "line",
        )  # fmt: skip
        rows = [
            (
                f"`{one.operation}`", f"`{one.known.code}`" if one.known.code else "–", one.known.text,
                one.known.vi if vi else one.known.en, _CLASSES[one.reply_class][0 if vi else 1], one.row or "–",
            )
            for one in covered(manifest)
        ]  # fmt: skip
        yield from (*table(titles, *rows), "")


def _class(found: ReplyClass, language: str) -> tuple[str, str]:
    words = _CLASSES[found]
    return (words[0], words[2]) if language == "vi" else (words[1], words[3])


def _then(rule: ReplyRule, operation: Operation, language: str) -> tuple[str, str]:
    vi = language == "vi"
    found = class_of(rule.outcome)
    name, then = _class(found, language)
    if operation.direction is Direction.ASK_OUT and found in (ReplyClass.TAKEN, ReplyClass.PERMANENT):
        is_there = found is ReplyClass.TAKEN
        return (
            (("đã có" if is_there else "chưa có"), "gửi dưới dạng cập nhật" if is_there else "gửi dưới dạng tạo mới")
            if vi
            else ("there" if is_there else "not there", "sent as an update" if is_there else "sent as a new one")
        )
    if rule.again:
        then = _AGAIN[rule.again][0 if vi else 1]
    return name, then + (f" (`{rule.problem}`)" if rule.problem else "")


def _when(rule: ReplyRule, language: str) -> str:
    vi = language == "vi"
    said: list[str] = []
    if rule.status:
        said.append("HTTP " + ", ".join(map(str, rule.status)))
    if rule.code:
        said.append(("mã " if vi else "code ") + ", ".join(f"`{code}`" for code in rule.code))
    if rule.code_pattern:
        said.append(("mã dạng " if vi else "code like ") + f"`{rule.code_pattern}`")
    if rule.code_missing is not None:
        words = ("không có mã", "no code") if rule.code_missing else ("có mã", "some code")
        said.append(words[0 if vi else 1])
    for path, words in ((rule.present, ("có", "with")), (rule.absent, ("không có", "without"))):
        if path:
            said.append(f"{words[0 if vi else 1]} `{path}`")
    if rule.text_contains:
        said.append(("lời có " if vi else "words hold ") + ", ".join(f"“{text}”" for text in rule.text_contains))
    return "; ".join(said) or ("mọi trường hợp còn lại" if vi else "whatever else")
