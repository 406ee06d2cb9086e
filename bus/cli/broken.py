"""What the walk along the journal's chain found, said in Vietnamese first. The journal names places and plain words."""

from __future__ import annotations

import re

_FATES = {
    "altered": "đã bị sửa, khác với nhật ký",
    "missing": "bị mất",
    "added": "bị thêm vào, nhật ký không ghi",
    "gone unsaid": "mất mà không có bản ghi xoá",
}
_FATE = f"(?P<fate>{'|'.join(_FATES)})"
_WORDS = (
    (r"altered", "đã bị sửa"),
    (r"columns altered", "các cột đã bị sửa, khác với text"),
    (r"does not follow the entry before it", "không nối tiếp bản ghi trước"),
    (r"missing, the next entry found is (\d+)", r"bị mất; bản ghi kế tiếp còn lại là \1"),
    (r"missing at the end, the writer noted (\d+) entries", r"mất ở cuối; tiến trình đã ghi \1 bản ghi"),
    (r"added, the writer noted (\d+) entries", r"bị thêm vào; tiến trình chỉ ghi \1 bản ghi"),
    (r"the writer noted another hash", "tiến trình đã ghi mã băm khác"),
    (r"writer was never noted", "tiến trình này chưa từng được ghi"),
    (rf"message (\S+) {_FATE}", r"thông điệp \1 {}"),
    (rf"problems of message (\S+) {_FATE}", r"lý do từ chối thông điệp \1 {}"),
    (rf"body (\S+) of message (\S+) {_FATE}", r"nội dung \1 của thông điệp \2 {}"),
    (rf"content of delivery (\S+) {_FATE}", r"nội dung đã làm cho lượt giao \1 {}"),
    (rf"delivery (\S+) {_FATE}", r"lượt giao \1 {}"),
    (rf"attempt (\S+) {_FATE}", r"lần gửi \1 {}"),
    (rf"intent (\S+) {_FATE}", r"ý định gửi \1 {}"),
    (rf"act (\S+) about message (\S+) {_FATE}", r"việc \1 đã làm với thông điệp \2 {}"),
)


def in_vietnamese(found: str) -> str:
    """One of the lines of `Journal.verify_chain`; what has no words of its own stays as it is."""
    place, _, what = found.partition(": ")
    for pattern, words in _WORDS:
        if match := re.fullmatch(pattern, what):
            said = match.expand(words)
            return f"bản ghi {place}: {said.format(_FATES.get(match.groupdict().get('fate') or '', ''))}"
    return found
