"""Cross-field rules: each refuses its own fault, and nothing else."""

from datetime import UTC, datetime

import pytest

from schemas.problem import Owner, catalogue
from schemas.rules import RULES, check_rules
from schemas.xmldoc import parse

NOW = datetime(2026, 7, 6, 3, 0, tzinfo=UTC)  # 10:00 in Hà Nội
GOOD = {
    "MucDo": "<MucDo>toan_trinh</MucDo>",
    "Kenh": "<KenhThucHien>truc_tuyen</KenhThucHien>",
    "ChuHoSo": "<ChuHoSo><GiayTo><So>099000000001</So></GiayTo></ChuHoSo>",
    "TiepNhan": "<NgayTiepNhan>2026-07-01T08:00:00+07:00</NgayTiepNhan>",
    "KetThuc": "<NgayKetThucXuLy>2026-07-05T08:00:00+07:00</NgayKetThucXuLy>",
    "TrangThai": "<TrangThai>9</TrangThai>",
    "Buoc": "<QuaTrinhXuLy><TienDo><NoiDungXuLy>Đã duyệt</NoiDungXuLy><TrangThai>9</TrangThai></TienDo></QuaTrinhXuLy>",
}


def broken(**changes: str) -> list[str]:
    parts = GOOD | changes
    body = (
        f'<HoSo xmlns="urn:lienthong:canonical:1"><ThuTuc><Ma>9.999001</Ma>{parts["MucDo"]}</ThuTuc>'
        + "".join(part for name, part in parts.items() if name != "MucDo")
        + "</HoSo>"
    )
    return [problem.ours.path for problem in check_rules(parse(body.encode()), now=NOW) if problem.ours]


def root(kind: str, inside: str) -> list[str]:
    body = f'<{kind} xmlns="urn:lienthong:canonical:1">{inside}</{kind}>'
    return [problem.ours.path for problem in check_rules(parse(body.encode()), now=NOW) if problem.ours]


def test_good_dossier_breaks_nothing() -> None:
    """The dossier the other tests damage is whole."""
    assert broken() == []


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"Kenh": "<KenhThucHien>truc_tiep</KenhThucHien>"}, "kenh_truc_tuyen"),
        ({"TiepNhan": ""}, "co_ngay_tiep_nhan"),
        ({"KetThuc": ""}, "co_ngay_ket_thuc"),
        ({"KetThuc": "", "TrangThai": "<TrangThai>10</TrangThai>"}, "co_ngay_ket_thuc"),
        ({"KetThuc": "<NgayKetThucXuLy>2026-07-06T10:11:00+07:00</NgayKetThucXuLy>"}, "khong_o_tuong_lai"),
        ({"KetThuc": "<NgayKetThucXuLy>2026-06-30T08:00:00+07:00</NgayKetThucXuLy>"}, "tiep_nhan_truoc_ket_thuc"),
        ({"Buoc": "<QuaTrinhXuLy><TienDo><NoiDungXuLy> </NoiDungXuLy></TienDo></QuaTrinhXuLy>"}, "co_noi_dung_xu_ly"),
        ({"ChuHoSo": "<ChuHoSo><GiayTo><So>000000001</So></GiayTo></ChuHoSo>"}, "khong_so_dien_cho_co"),
        ({"ChuHoSo": "<ChuHoSo><DinhDanh><So>999999999</So></DinhDanh></ChuHoSo>"}, "khong_so_dien_cho_co"),
        ({"TrangThai": "<TrangThai>11</TrangThai>"}, "trang_thai_quoc_gia"),
        ({"TrangThai": "<TrangThai>0</TrangThai>"}, "trang_thai_quoc_gia"),
        ({"KetThuc": "<NgayKetThucXuLy>2026-07-05T08:00:00</NgayKetThucXuLy>"}, "thoi_diem_co_mui_gio"),
    ],
)
def test_each_rule_finds_its_fault(changes: dict[str, str], rule: str) -> None:
    """One damage, one broken rule."""
    assert broken(**changes) == [rule]


@pytest.mark.parametrize(
    "changes",
    [
        {"MucDo": "<MucDo>mot_phan</MucDo>", "Kenh": "<KenhThucHien>truc_tiep</KenhThucHien>"},
        {"MucDo": "", "Kenh": "<KenhThucHien>buu_chinh</KenhThucHien>"},
        {"TiepNhan": "", "KetThuc": "", "TrangThai": "<TrangThai>1</TrangThai>"},
        {"TiepNhan": "", "KetThuc": "", "TrangThai": "<TrangThai>3</TrangThai>"},
        {"KetThuc": "", "TrangThai": "<TrangThai>4</TrangThai>"},
        {"KetThuc": "<NgayKetThucXuLy>2026-07-06T10:09:00+07:00</NgayKetThucXuLy>"},
        {"KetThuc": "<NgayKetThucXuLy>2026-07-01T01:00:00Z</NgayKetThucXuLy>"},
    ],
)
def test_what_is_allowed_stays_allowed(changes: dict[str, str]) -> None:
    """Counter and post for partly online procedures, no reception day before reception, clocks a little ahead."""
    assert broken(**changes) == []


def test_all_broken_rules_come_at_once() -> None:
    """A sender mends everything in one go."""
    found = broken(Kenh="<KenhThucHien>buu_chinh</KenhThucHien>", TiepNhan="", KetThuc="")
    assert found == ["kenh_truc_tuyen", "co_ngay_tiep_nhan", "co_ngay_ket_thuc"]


def test_progress_must_say_what_was_done() -> None:
    """A step without its text is refused; one with text and a national status is not."""
    assert root("TienDo", "<TrangThai>4</TrangThai>") == ["co_noi_dung_xu_ly"]
    assert root("TienDo", "<NoiDungXuLy>Đã thẩm định</NoiDungXuLy><TrangThai>4</TrangThai>") == []
    assert root("TienDo", "<NoiDungXuLy>Đã duyệt</NoiDungXuLy><TrangThai>12</TrangThai>") == ["trang_thai_quoc_gia"]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_rule_has_name_texts_and_owner(rule) -> None:  # type: ignore[no-untyped-def]
    """Each rule is named, has Vietnamese and English texts and says who must act."""
    row = catalogue()[rule.code]
    assert rule.id.isidentifier()
    assert row.vi
    assert row.en
    assert rule.owner in {owner.value for owner in Owner}


def test_rule_names_and_codes_are_unique() -> None:
    """No two rules share a name or a code."""
    assert len({rule.id for rule in RULES}) == len({rule.code for rule in RULES}) == len(RULES)


def test_problem_never_quotes_the_number() -> None:
    """The filler rule tells the place, not the number."""
    body = '<HoSo xmlns="urn:lienthong:canonical:1"><ChuHoSo><GiayTo><So>000000001</So></GiayTo></ChuHoSo></HoSo>'
    assert "000000001" not in repr(check_rules(parse(body.encode()), now=NOW))


def test_a_waived_rule_is_not_looked_at_and_the_others_are() -> None:
    """A partner that never tells when it finished is held to everything else."""
    body = (
        '<HoSo xmlns="urn:lienthong:canonical:1"><NgayTiepNhan>2026-08-01T08:00:00+07:00</NgayTiepNhan>'
        "<TrangThai>9</TrangThai></HoSo>"
    )
    held = [p.ours.path for p in check_rules(parse(body.encode()), now=NOW) if p.ours]
    freed = [p.ours.path for p in check_rules(parse(body.encode()), now=NOW, waived=("co_ngay_ket_thuc",)) if p.ours]

    assert held == ["co_ngay_ket_thuc", "khong_o_tuong_lai"]
    assert freed == ["khong_o_tuong_lai"]
