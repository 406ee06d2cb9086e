"""Why XML is malformed, in words, by libxml2's and expat's numbers: their own texts may quote content, ours never."""

from __future__ import annotations

from collections.abc import Mapping

INVALID_ENCODING = 81
RESOURCE_LIMIT = 114

_NOT_XML = ("không bắt đầu bằng thẻ XML", "it does not begin with an XML tag")
_TRUNCATED = ("kết thúc giữa chừng, còn thẻ chưa đóng", "it ends in the middle, tags are still open")
_MISMATCH = ("thẻ đóng không khớp thẻ mở", "the closing tag does not match the opening one")
_CHARACTER = ("có ký tự không được phép trong XML", "there is a character that XML does not allow")
_AMPERSAND = ("dấu & đứng trần, phải viết &amp;", "a bare & must be written &amp;")
_ENTITY = ("tham chiếu một thực thể không có", "an entity is used that does not exist")
_ATTRIBUTE = ("thuộc tính viết sai hoặc thiếu dấu nháy", "an attribute is badly written or lacks its quotes")
_TWICE = ("một thuộc tính đứng hai lần", "an attribute stands twice")
_PREFIX = ("tiền tố không gian tên chưa khai báo", "a namespace prefix is not declared")
_NAMESPACE = ("khai báo không gian tên sai", "a namespace declaration is wrong")
_AFTER = ("còn nội dung sau phần tử gốc", "there is content after the root element")
_LESS = ("dấu < đứng trần trong giá trị, phải viết &lt;", "a bare < in a value must be written &lt;")
_NAME = ("tên thẻ hoặc dấu & viết sai", "a tag's name or an & is badly written")
_LATE = ("khai báo <?xml không đứng ở đầu", "the <?xml declaration is not at the start")
_DECLARATION = ("khai báo <?xml viết sai", "the <?xml declaration is badly written")
_CDATA = ("đoạn CDATA hoặc “]]>” đặt sai chỗ", "a CDATA section or “]]>” is out of place")
_COMMENT = ("chú thích viết sai", "a comment is badly written")
_OTHER = ("không đúng cú pháp XML", "it is not XML syntax")

# libxml2's numbers are positive, expat's negative.
_REASONS: Mapping[int, tuple[str, str]] = {
    4: _NOT_XML,
    5: _AFTER,
    8: _CHARACTER,
    9: _CHARACTER,
    23: _AMPERSAND,
    26: _ENTITY,
    38: _LESS,
    39: _ATTRIBUTE,
    40: _ATTRIBUTE,
    41: _ATTRIBUTE,
    42: _TWICE,
    45: _COMMENT,
    56: _DECLARATION,
    57: _DECLARATION,
    62: _CDATA,
    63: _CDATA,
    64: _LATE,
    65: _ATTRIBUTE,
    68: _NAME,
    73: _TRUNCATED,
    76: _MISMATCH,
    77: _TRUNCATED,
    80: _COMMENT,
    96: _DECLARATION,
    108: _DECLARATION,
    200: _NAMESPACE,
    201: _PREFIX,
    202: _NAMESPACE,
    203: _TWICE,
    204: _NAMESPACE,
    -3: _TRUNCATED,
    -4: _OTHER,
    -5: _TRUNCATED,
    -7: _MISMATCH,
    -8: _TWICE,
    -9: _AFTER,
    -11: _ENTITY,
    -14: _CHARACTER,
    -17: _LATE,
    -20: _CDATA,
    -27: _PREFIX,
    -28: _NAMESPACE,
}


def reason(code: int) -> tuple[str, str]:
    """Vietnamese and English for libxml2's error number, or expat's with a minus."""
    return _REASONS.get(code, _OTHER)
