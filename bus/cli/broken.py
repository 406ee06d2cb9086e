"""What the walk along the journal's chain found, said in Vietnamese first. The journal names places and plain words."""

from __future__ import annotations

import re

_WORDS = (
    (r"altered", "đã bị sửa"),
    (r"columns altered", "các cột đã bị sửa, khác với text"),
    (r"does not follow the entry before it", "không nối tiếp bản ghi trước"),
    (r"missing, the next entry found is (\d+)", r"bị mất; bản ghi kế tiếp còn lại là \1"),
    (r"missing at the end, the writer noted (\d+) entries", r"mất ở cuối; tiến trình đã ghi \1 bản ghi"),
    (r"added, the writer noted (\d+) entries", r"bị thêm vào; tiến trình chỉ ghi \1 bản ghi"),
    (r"the writer noted another hash", "tiến trình đã ghi mã băm khác"),
    (r"writer was never noted", "tiến trình này chưa từng được ghi"),
    (r"message (\S+) altered", r"thông điệp \1 đã bị sửa"),
    (r"message (\S+) missing", r"thông điệp \1 bị mất"),
    (r"body (\S+) of message (\S+) altered", r"nội dung \1 của thông điệp \2 đã bị sửa"),
    (r"attempt (\S+) altered", r"lần gửi \1 đã bị sửa"),
    (r"attempt (\S+) missing", r"lần gửi \1 bị mất"),
)


def in_vietnamese(found: str) -> str:
    """One of the lines of `Journal.verify_chain`; what has no words of its own stays as it is."""
    place, _, what = found.partition(": ")
    for pattern, words in _WORDS:
        if match := re.fullmatch(pattern, what):
            return f"bản ghi {place}: {match.expand(words)}"
    return found
