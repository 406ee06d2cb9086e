"""What is covered and what stays readable."""

from __future__ import annotations

import json

import pytest

from bus.masking import COVER, mask_body, mask_code, mask_text
from bus.masking.names import SAFE_NAMES


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("099000000001", "•••"), ("CMND 099000001", "CMND •••"), ("số 099 000 000 001", "số •••"),
        ("0900000001", "•••"), ("+84 900 000 001", "•••"), ("0900.000.001", "•••"),
        ("an.nguyen+x@vidu.example", "•••"), ("Nguyễn Văn A", "•••"), ("NGUYỄN VĂN A", "•••"),
        ("Nguye\u0302\u0303n Văn A", "•••"), ("Nguyen Van A", "•••"), ("Đặng Thị Bưởi", "•••"), ("ông Ba", "ông •••"),
        ("Bà: Tư", "Bà: •••"), ("công dân “Sầm Thị Mẫu”", "công dân “•••”"), ("Chủ hồ sơ: Y Mẫu Niê", "Chủ hồ sơ: •••"),
    ],
)  # fmt: skip
def test_people_are_covered(text: str, masked: str) -> None:
    """Numbers, contacts and names of people do not come through, in any spelling met."""
    assert mask_text(f"Trả về: {text}, xin kiểm tra") == f"Trả về: {masked}, xin kiểm tra"


@pytest.mark.parametrize(
    "text",
    [
        "Thiếu phần tử “NgayTiepNhan” trong “HoSo”", "Bên nhận chưa sẵn sàng: lần 1/12", "HTTP 502, mã -3, dòng 1234",
        "Sở Nội vụ thành phố Hà Nội", "UBND tỉnh Lâm Đồng", "thành phố Hồ Chí Minh", "Bà Rịa", "Hồ sơ đang chờ",
        "Ngày 06/07/2026 lúc 15:04:05", "Lê phí chưa nộp", "",
    ],
)  # fmt: skip
def test_sentences_stay_readable(text: str) -> None:
    """What is not about a person is not touched."""
    assert mask_text(text) == text


def test_the_dossiers_own_code_may_stay() -> None:
    """A code that is kept is shown where it stands alone, and only a code can be kept."""
    text = "Hồ sơ H99.12-260706-0007 của 099000000001, H99.12-260706-00071"
    assert mask_text(text, keep=["H99.12-260706-0007"]) == f"Hồ sơ H99.12-260706-0007 của {COVER}, H99.12-{COVER}-00071"
    assert mask_text(text, keep=["099000000001"]) == f"Hồ sơ H99.12-{COVER}-0007 của {COVER}, H99.12-{COVER}-00071"


@pytest.mark.parametrize("code", ["H99.12-260706-0007", "TN01-2026-01000002", "5003", "000.00.12.H99-260706-0001"])
def test_codes_stay(code: str) -> None:
    """A dossier's code is what operators look for."""
    assert mask_code(code) == code


@pytest.mark.parametrize("code", ["099000000001", "099000001", "0900000001", "x 099000000001", "a@vidu.example"])
def test_a_persons_number_is_no_code(code: str) -> None:
    """Somebody who puts an identity number where a code belongs is protected too."""
    assert COVER in mask_code(code)


def test_xml_keeps_its_structure() -> None:
    """Elements, namespaces, codes, moments and states are seen; people, attributes and mixed text are not."""
    body = (
        '<s:Envelope xmlns:s="http://soap.example/1"><s:Body><push xmlns="urn:x" ten="Mẫu" type="a:b">lời'
        "<maSoHoSo>TN01</maSoHoSo><hoTen>Nguyễn Mẫu</hoTen><ThuTuc><Ma>9.999001</Ma></ThuTuc><Nguoi><Ma>X1</Ma></Nguoi>"
        "<ngayTiepNhan>2026-07-06</ngayTiepNhan><trangThai>2</trangThai><ngaySinh>1990-01-01</ngaySinh><trong/>"
        "<password>bí mật</password></push></s:Body></s:Envelope>"
    )
    assert mask_body(body.encode()).text.splitlines() == [
        '<Envelope xmlns="http://soap.example/1">',
        "  <Body>",
        f'    <push xmlns="urn:x" ten="{COVER}" type="a:b">',
        f"      {COVER}",
        "      <maSoHoSo>TN01</maSoHoSo>",
        f"      <hoTen>{COVER}</hoTen>",
        "      <ThuTuc>",
        "        <Ma>9.999001</Ma>",
        "      </ThuTuc>",
        "      <Nguoi>",
        f"        <Ma>{COVER}</Ma>",
        "      </Nguoi>",
        "      <ngayTiepNhan>2026-07-06</ngayTiepNhan>",
        "      <trangThai>2</trangThai>",
        f"      <ngaySinh>{COVER}</ngaySinh>",
        "      <trong/>",
        f"      <password>{COVER}</password>",
        "    </push>",
        "  </Body>",
        "</Envelope>",
    ]


def test_json_keeps_its_structure() -> None:
    """The same for JSON, whatever the type of the value; the result is JSON again."""
    body = {
        "MaHoSo": "TN01", "TrangThai": 2, "ChuHoSo": "Nguyễn Mẫu", "NamSinh": 1990, "DaXoa": False, "CoBenh": True,
        "Fax": "", "Khac": None, "DanhSach": [{"So": "099000000001"}, {}], "MaTTHC": ["9.999001", "Nguyễn Mẫu"],
    }  # fmt: skip
    masked = mask_body(json.dumps(body).encode())
    assert masked.form == "json"
    assert json.loads(masked.text) == {
        "MaHoSo": "TN01", "TrangThai": 2, "ChuHoSo": COVER, "NamSinh": COVER, "DaXoa": False, "CoBenh": COVER,
        "Fax": "", "Khac": None, "DanhSach": [{"So": COVER}, {}], "MaTTHC": ["9.999001", COVER],
    }  # fmt: skip


def test_a_safe_name_does_not_make_a_sentence_safe() -> None:
    """Where a code belongs, a name or an identity number is still covered."""
    masked = mask_body('{"MaHoSo": "Nguyễn Văn A", "TrangThai": "099000000001", "code": 99000000001}'.encode())
    assert json.loads(masked.text) == {"MaHoSo": COVER, "TrangThai": COVER, "code": COVER}


def test_data_used_as_names_is_covered() -> None:
    """A person as a key of JSON, or a number in an element's name."""
    assert "Nguyễn" not in mask_body('{"Nguyễn Văn A": {"MaHoSo": "TN01"}}'.encode()).text
    assert "099000000001" not in mask_body(b"<x099000000001><y/></x099000000001>").text
    assert "099000000001" not in mask_body(b'<x xmlns="urn:099000000001"/>').text


@pytest.mark.parametrize("body", [b"", b"%PDF-1.7 Nguyen", "Nguyễn Văn A".encode(), b"<a>", b'{"a": ', b"PK\x03\x04"])
def test_what_cannot_be_read_is_not_shown(body: bytes) -> None:
    """Neither XML nor JSON, or broken: nothing of it comes through."""
    masked = mask_body(body, "text/html; charset=utf-8")
    assert (masked.text, masked.form) == ("", "")


def test_long_bodies_are_cut() -> None:
    """A look ends after so many lines, and says so."""
    body = b"<a>" + b"<b/>" * 1000 + b"</a>"
    masked = mask_body(body, most_lines=10)
    assert (len(masked.text.splitlines()), masked.cut) == (10, True)
    assert not mask_body(b"<a/>", most_lines=1).cut


def test_other_charsets_are_read() -> None:
    """The channel's charset is asked; a wrong one shows nothing rather than something false."""
    body = "<a><maSoHoSo>TN01</maSoHoSo></a>".encode("utf-16")
    assert "TN01" in mask_body(body, "text/xml; charset=utf-16").text


def test_no_safe_name_is_about_a_person() -> None:
    """The list is of codes, moments and states: none of its words means name, birth, paper, address or contact."""
    forbidden = ("ten", "sinh", "cccd", "cmnd", "giayto", "diachi", "thoai", "email", "nguoi", "password", "chuho")
    words = [name for name in SAFE_NAMES if any(part in name for part in forbidden)]
    assert words == []
