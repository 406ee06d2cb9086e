"""Invented Vietnamese people, desks and procedures. The same seed and number give the same person, always.

Nobody in here exists: identity numbers begin with the unassigned 099, agencies are H99, procedures 9.9990xx.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

AGENCY = "H99.12"
AGENCY_NAME = "Sở Thử nghiệm tỉnh Sông Mây"

_SURNAMES = ("Nguyễn", "Trần", "Lê", "Phạm", "Võ", "Đặng", "Đỗ", "Ngô", "Hồ", "Lý", "Vũ", "Mã", "Từ", "Lự", "Bế", "Cù")
_MIDDLES_MALE = ("Văn", "Đức", "Hữu", "Chí", "Quỳnh", "Vĩ", "Tấn", "Cẩm", "Khải", "Gia")
_MIDDLES_FEMALE = ("Thị", "Ngọc", "Mỹ", "Thụy", "Như", "Kỷ", "Ánh", "Lệ", "Tố", "Bé")
_GIVEN = (
    "Hằng", "Thắng", "Tuấn", "Cẩm", "Mẫn", "Nhật", "Sen", "Quế", "Hiển", "Huệ", "Bình", "Hỉ", "Nghĩa", "Ngoan",
    "Tỏ", "Phổ", "Lộc", "Sơn", "Lớn", "Dưỡng", "Lợi", "Thu", "Phú", "Tùng", "Thủy", "Lụa", "Hưng", "Cử", "Tự",
    "Huy", "Lỵ", "Hạnh", "Thảo", "Hà", "Tâm", "Hiền", "Mẹo", "Đường",
)  # fmt: skip
_STREETS = (
    "phố Thử Nghiệm", "ngõ Hạt Dẻ", "đường Bãi Trẳng", "phố Nẵng Mới", "ngách Đỗ Lễ", "đường Sở Gió", "phố Cò Mẻ",
    "hẻm Lẽ Phải", "đường Mè Xửng", "phố Võ Kỳ",
)  # fmt: skip
_UNITS = ("SMAY-MC01", "SMAY-MC02", "SMAY-MC03")
_STEPS = (
    "Tiếp nhận hồ sơ", "Chuyển phòng chuyên môn", "Thẩm định hồ sơ", "Kiểm tra thực địa", "Lấy ý kiến phối hợp",
    "Dự thảo kết quả", "Trình lãnh đạo ký", "Chuyển kết quả về bộ phận một cửa",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody invented."""

    name: str
    given: str
    rest: str  # surname and middle names
    female: bool
    birthday: str  # dd/MM/yyyy
    identity: str  # 12 digits, begins 099, unique for seed and number
    address: str
    mobile: str
    email: str  # unique for seed and number


@dataclass(frozen=True, slots=True)
class Officer:
    """Somebody at the desk."""

    code: str
    name: str
    office: str


OFFICERS = (
    Officer("ltmau", "Lê Thị Mẫu", "Bộ phận Một cửa"),
    Officer("tvmau", "Trần Văn Mẫu", "Phòng Nghiệp vụ"),
    Officer("pqmau", "Phạm Quỳnh Mẫu", "Phòng Thẩm định"),
    Officer("dhmau", "Đỗ Hữu Mẫu", "Văn phòng"),
)


def person(number: int, *, seed: int = 1) -> Person:
    """Person `number` of a seed: `number` below one million, `seed` below one thousand tell identities apart."""
    source = random.Random(f"person:{seed}:{number}")  # noqa: S311  # invented people, no secret
    female = source.random() < 0.5
    given = source.choice(_GIVEN)
    rest = f"{source.choice(_SURNAMES)} {source.choice(_MIDDLES_FEMALE if female else _MIDDLES_MALE)}"
    if source.random() < 0.3:
        rest += f" {source.choice(_GIVEN)}"
    tail = f"{seed % 1000:03d}{number % 1_000_000:06d}"
    return Person(
        name=f"{rest} {given}",
        given=given,
        rest=rest,
        female=female,
        birthday=f"{source.randint(1, 28):02d}/{source.randint(1, 12):02d}/{source.randint(1950, 2005)}",
        identity=f"099{tail}",
        address=f"Số {source.randint(1, 300)} {source.choice(_STREETS)}",
        mobile=f"09{seed % 100:02d}{number % 1_000_000:06d}",
        email=f"nguoi{tail}@vidu.example",
    )


def unit(number: int) -> str:
    """A receiving desk of the department."""
    return _UNITS[number % len(_UNITS)]


def step_action(step: int) -> str:
    """What is done in step 1, 2, …"""
    return _STEPS[(step - 1) % len(_STEPS)]


def officer(number: int) -> Officer:
    """An officer of the desk."""
    return OFFICERS[number % len(OFFICERS)]
