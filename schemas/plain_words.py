"""What readers of TOML and checkers of types say in English, said in both languages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any  # pydantic's error dictionaries

_TOML = (
    (r"Invalid statement", "không phải “khoá = giá trị” hay [bảng]"),
    (r"Expected newline or end of document", "thừa chữ sau giá trị"),
    (r"Expected '\]\]?'", "thiếu “]” ở cuối tên bảng"),
    (r"Expected '='", "thiếu “=” sau khoá"),
    (r"Expected ", "thiếu dấu đóng chuỗi"),
    (r"Found invalid character|Illegal character", "ký tự không được dùng"),
    (r"Cannot declare .* twice", "bảng khai hai lần"),
    (r"Cannot (overwrite|mutate|redefine)|Duplicate inline table key", "khoá ghi hai lần"),
    (r"Invalid initial character for a key part", "khoá bắt đầu bằng ký tự không được dùng"),
    (r"Unclosed array", "danh sách chưa có “]”"),
    (r"Unclosed inline table", "bảng một dòng chưa có “}”"),
    (r"Unescaped|Invalid hex value|Escaped character", "dấu “\\” trong chuỗi phải viết “\\\\”, hay dùng nháy đơn"),
    (r"Unterminated string", "chuỗi chưa có dấu đóng"),
    (r"Invalid date or datetime", "ngày giờ sai"),
    (r"Invalid value", 'giá trị sai: chữ phải nằm trong dấu “"”'),
)
_PLACE = re.compile(r"\(at (?:line (\d+), column (\d+)|end of document)\)")
_VALUES = {
    "missing": ("thiếu, phải có", "is missing"),
    "int_": ("phải là số nguyên", "must be a whole number"),
    "float_": ("phải là số", "must be a number"),
    "finite_number": ("phải là số", "must be a number"),
    "bool_": ("phải là true hay false", "must be true or false"),
    "string_too_short": ("ngắn quá", "is too short"),
    "string_too_long": ("dài quá", "is too long"),
    "string_pattern": ("không đúng mẫu {pattern}", "does not match {pattern}"),
    "string_": ("phải là chữ trong dấu nháy", "must be a text in quotation marks"),
    "path_": ("phải là đường dẫn", "must be a path"),
    "list_": ("phải là danh sách [ … ]", "must be a list [ … ]"),
    "tuple_": ("phải là danh sách [ … ]", "must be a list [ … ]"),
    "set_": ("phải là danh sách [ … ]", "must be a list [ … ]"),
    "frozen_set_": ("phải là danh sách [ … ]", "must be a list [ … ]"),
    "too_short": ("ít nhất {min_length} mục", "at least {min_length} items"),
    "too_long": ("nhiều nhất {max_length} mục", "at most {max_length} items"),
    "dict_": ("phải là bảng", "must be a table"),
    "mapping_": ("phải là bảng", "must be a table"),
    "model_": ("phải là bảng", "must be a table"),
    "dataclass_": ("phải là bảng", "must be a table"),
    "greater_than_equal": ("phải từ {ge} trở lên", "must be at least {ge}"),
    "greater_than": ("phải lớn hơn {gt}", "must be more than {gt}"),
    "less_than_equal": ("phải không quá {le}", "must be at most {le}"),
    "less_than": ("phải nhỏ hơn {lt}", "must be less than {lt}"),
    "literal_error": ("phải là một trong {expected}", "must be one of {expected}"),
    "enum": ("phải là một trong {expected}", "must be one of {expected}"),
    "unexpected_keyword": ("khoá không tồn tại", "there is no such key"),
    "extra_forbidden": ("khoá không tồn tại", "there is no such key"),
}


def of_toml(error: ValueError) -> tuple[str, str, int]:
    """What is wrong with a TOML file, and in which line; 0 = at its end, or not told.

    >>> of_toml(ValueError("Invalid value (at line 3, column 8)"))[0::2]
    ('dòng 3, cột 8: giá trị sai: chữ phải nằm trong dấu “"”', 3)
    """
    text = str(error)
    place = _PLACE.search(text)
    line = int(place[1]) if place is not None and place[1] else 0
    where = f"dòng {line}, cột {place[2]}" if place is not None and line else "ở cuối tệp"
    if isinstance(error, UnicodeDecodeError):
        where, said = f"byte {error.start}", "tệp không phải UTF-8"
        text = f"not UTF-8 at byte {error.start}"
    else:
        said = next((vi for pattern, vi in _TOML if re.match(pattern, text)), "không đọc được")
    return f"{where}: {said}", text, line


def of_value(detail: Mapping[str, Any]) -> tuple[str, str]:  # Any: as above
    """What is wrong with a value, from one of pydantic's errors.

    >>> of_value({"type": "greater_than_equal", "msg": "…", "ctx": {"ge": 1}})
    ('phải từ 1 trở lên', 'must be at least 1')
    """
    kind, ctx = str(detail["type"]), dict(detail.get("ctx") or {})
    names = sorted(_VALUES, key=len, reverse=True)
    name = next((one for one in names if kind == one or (one.endswith("_") and kind.startswith(one))), "")
    if not name:
        name = next((one for one in names if kind.startswith(one)), "")
    if name:
        vi, en = _VALUES[name]
        return vi.format_map(ctx), en.format_map(ctx)
    said = str(detail["msg"]).removeprefix("Value error, ")  # our own checks say it in both
    return said, said


def reasons(text: object) -> dict[str, object]:
    """One text that says it in both languages already, for the catalogue of problems."""
    return {"reason_vi": text, "reason_en": text}
