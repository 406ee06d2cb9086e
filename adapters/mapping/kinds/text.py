"""Kinds of text: code, text, person-name, upper-name, digits, flag, base64. NFC is done before a kind is asked."""

from __future__ import annotations

import binascii
import re
import unicodedata

from adapters.mapping.kinds.contract import Kind, Pair, Setting, pair
from adapters.mapping.values import Fault
from schemas.shape import Scalar

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_DIGITS = re.compile(r"[0-9]+")
_LENGTHS = re.compile(r"[0-9]{1,3}( [0-9]{1,3})*")


def one_line(text: str) -> str | Fault:
    r"""Text without line breaks or control characters, trimmed.

    >>> one_line("  TN01-2026-0007 ")
    'TN01-2026-0007'
    >>> print(one_line("TN01\n2026"))
    Has a control character or line break at position 5
    """
    text = text.strip()
    found = _CONTROL.search(text)
    return Fault("LT-MAP-117", {"position": found.start() + 1}) if found else text


def trimmed(text: str) -> str:
    r"""Text as written, trimmed at both ends; inner line breaks stay.

    >>> trimmed(" Bổ sung:\n bản sao  ")
    'Bổ sung:\n bản sao'
    """
    return text.strip()


def person_name(text: str) -> str | Fault:
    r"""A name: spaces collapsed. Case and tone marks are never touched.

    >>> person_name("  Lê   Thị Mẫu\t")
    'Lê Thị Mẫu'
    >>> print(person_name("Lê\x07Thị"))
    Has a control character or line break at position 3
    """
    return one_line(" ".join(text.split()))


def upper_name(text: str) -> str | Fault:
    """A name in capitals.

    >>> upper_name("Đỗ  Thị Mẫu")
    'ĐỖ THỊ MẪU'
    """
    name = person_name(text)
    return name.upper() if isinstance(name, str) else name


def unmarked(text: str) -> str:
    """Text without tone and vowel marks; đ becomes d.

    >>> unmarked("ĐỖ THỊ MẪU")
    'DO THI MAU'
    """
    parts = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return unicodedata.normalize("NFC", "".join(c for c in parts if not unicodedata.combining(c)))


def digits(text: str, lengths: tuple[int, ...] = ()) -> str | Fault:
    """A number that is a name: digits only, zeros kept, of one of the lengths.

    >>> digits(" 099000000017 ", (9, 12))
    '099000000017'
    >>> print(digits("09900000001", (9, 12)))
    Must be 9/12 digits, got 11 characters
    """
    text = text.strip()
    if _DIGITS.fullmatch(text) and (not lengths or len(text) in lengths):
        return text
    return Fault("LT-MAP-112", {"length": "/".join(map(str, lengths)) or "1…n", "got": len(text)})


def read_flag(text: str, true: tuple[str, ...], false: tuple[str, ...]) -> str | Fault:
    """One of the declared words as `true` or `false`.

    >>> read_flag("True", ("True", "1"), ("False", "0"))
    'true'
    >>> print(read_flag("yes", ("True", "1"), ("False", "0")))
    “yes” is none of the words True, 1, False, 0
    """
    text = text.strip()
    if text in true:
        return "true"
    if text in false:
        return "false"
    return Fault("LT-MAP-113", {"value": text, "words": ", ".join(true + false)})


def write_flag(text: str, true: str, false: str) -> str | Fault:
    """`true`, `1`, `false` or `0` as the declared word.

    >>> write_flag("1", "True", "False")
    'True'
    >>> print(write_flag("maybe", "True", "False"))
    “maybe” is none of the words true, 1, false, 0
    """
    if text in ("true", "1"):
        return true
    if text in ("false", "0"):
        return false
    return Fault("LT-MAP-113", {"value": text, "words": "true, 1, false, 0"})


def base64_text(text: str) -> str | Fault:
    r"""Base64 without line breaks, checked.

    >>> base64_text("aG8g\n c28=")
    'aG8gc28='
    >>> print(base64_text("aG8gc28"))
    Not valid Base64
    """
    packed = "".join(text.split())
    try:
        binascii.a2b_base64(packed.encode("ascii"), strict_mode=True)
    except ValueError:
        return Fault("LT-MAP-114", {})
    return packed


def _upper(setting: Setting) -> Pair | Fault:
    marks = setting.options.get("marks", "keep")
    if marks == "keep":
        return pair(person_name, upper_name, "chữ hoa mất dạng viết thường / capitals lose the case")
    if marks == "strip":
        return pair(person_name, _plain_upper, "bỏ dấu không lấy lại được / marks taken off do not come back")
    return Fault("LT-MAP-014", {"option": "marks", "value": marks, "why": "keep | strip"})


def _plain_upper(text: str) -> str | Fault:
    name = upper_name(text)
    return unmarked(name) if isinstance(name, str) else name


def _digits(setting: Setting) -> Pair | Fault:
    given = setting.options.get("length", "")
    if given and not _LENGTHS.fullmatch(given):
        return Fault("LT-MAP-014", {"option": "length", "value": given, "why": "9 | 9 12 | …"})
    lengths = _lengths(setting)
    return pair(lambda text: digits(text, lengths), lambda text: digits(text, lengths))


def _lengths(setting: Setting) -> tuple[int, ...]:
    return tuple(int(part) for part in setting.options.get("length", "").split())


def _flag(setting: Setting) -> Pair | Fault:
    true = tuple(setting.options["true"].split("|"))
    false = tuple(setting.options["false"].split("|"))
    if "" in true + false or set(true) & set(false):
        why = "các từ phải khác nhau và không rỗng / words must differ and not be empty"
        return Fault("LT-MAP-014", {"option": "true", "value": setting.options["true"], "why": why})
    return pair(lambda text: read_flag(text, true, false), lambda text: write_flag(text, true[0], false[0]))


_CODE_LIKE = frozenset({Scalar.STRING, Scalar.INTEGER})

KINDS = (
    Kind(
        "code",
        "Mã một dòng, bỏ khoảng trắng hai đầu.",
        "A code on one line, trimmed.",
        lambda _: pair(one_line, one_line),
        legacy=_CODE_LIKE,
        canonical=_CODE_LIKE,
        samples=lambda *_: ("99001", "7"),
        shows_value=True,
    ),
    Kind(
        "text",
        "Văn bản, bỏ khoảng trắng hai đầu.",
        "Text, trimmed.",
        lambda _: pair(trimmed, trimmed),
        samples=lambda *_: ("Bổ sung bản sao có chứng thực", "Xã Mẫu & huyện “Thử”", "1 < 2"),
        legacy=frozenset({Scalar.STRING}),
    ),
    Kind(
        "person-name",
        "Họ tên; gộp khoảng trắng, không đổi dấu và chữ hoa.",
        "A person's name; spaces collapsed, marks and case untouched.",
        lambda _: pair(person_name, person_name),
        samples=lambda *_: ("Đỗ Thị Mẫu", "Nguyễn Văn Thử"),
        legacy=frozenset({Scalar.STRING}),
    ),
    Kind(
        "upper-name",
        'Họ tên viết hoa ở bên cũ; marks="strip" thì bỏ dấu.',
        'A name in capitals on the legacy side; marks="strip" takes the marks off.',
        _upper,
        samples=lambda *_: ("ĐỖ THỊ MẪU",),
        legacy=frozenset({Scalar.STRING}),
        takes=("marks",),
    ),
    Kind(
        "digits",
        'Dãy chữ số giữ số 0 đầu; length="9 12" là các độ dài được phép.',
        'Digits with leading zeros kept; length="9 12" lists the lengths allowed.',
        _digits,
        samples=lambda setting, _: tuple(f"099{n:0>17}"[:n] for n in _lengths(setting)) or ("0990017",),
        legacy=_CODE_LIKE,
        takes=("length",),
    ),
    Kind(
        "flag",
        'Có/không bằng các từ true="1|True" false="0|False"; từ đầu được ghi, mọi từ được đọc.',
        'Yes/no by the words true="1|True" false="0|False"; the first is written, all are read.',
        _flag,
        legacy=frozenset({Scalar.STRING, Scalar.INTEGER, Scalar.BOOLEAN}),
        canonical=frozenset({Scalar.BOOLEAN}),
        needs=("true", "false"),
        samples=lambda *_: ("true", "false"),
        shows_value=True,
    ),
    Kind(
        "base64",
        "Nội dung Base64, bỏ xuống dòng, kiểm tra bảng chữ.",
        "Base64 content, line breaks removed, alphabet checked.",
        lambda _: pair(base64_text, base64_text),
        samples=lambda *_: ("aG8gc28=",),
        legacy=frozenset({Scalar.STRING, Scalar.BASE64}),
        canonical=frozenset({Scalar.STRING, Scalar.BASE64}),
    ),
)
