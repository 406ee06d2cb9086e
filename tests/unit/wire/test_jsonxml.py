"""JSON and XML stand for each other by the schema alone."""

from __future__ import annotations

import json

import pytest
from lxml import etree

from adapters.wire.jsonxml import Digits, compact, json_to_xml, xml_to_json
from schemas.jsondoc import JsonValue, loads
from schemas.problem import Refused
from schemas.shape import Shape
from tests.unit.wire.parts import portal_system

WHOLE = '{"MaHoSo":"H99-1","SoTien":100000.50,"DaThu":true,"SoLan":3,"GhiChu":"","Tep":[{"Ten":"đơn.pdf","The":["a"]}]}'


def shape(name: str = "DongBo") -> Shape:
    """One of the test system's elements."""
    return portal_system().schema.shape(name)


def codes(value: JsonValue, **more: object) -> list[tuple[str, str]]:
    """Code and place of every finding."""
    with pytest.raises(Refused) as caught:
        json_to_xml(value, shape(), **more)  # type: ignore[arg-type]
    return [(p.code, p.theirs.path if p.theirs else "") for p in caught.value.problems]


def test_json_to_xml_and_back_is_the_same_text() -> None:
    """Types, digits, empty text and single-item arrays survive the round trip byte for byte."""
    value = loads(WHOLE.encode())
    element = json_to_xml(value, shape())
    assert element.findtext("GhiChu") == ""
    assert len(element.findall("Tep")) == 1
    assert json.loads(compact(xml_to_json(element, shape()))) == json.loads(WHOLE)


def test_xml_to_json_and_back_is_the_same_xml() -> None:
    """A valid element comes back as itself."""
    xml = (
        "<DongBo><MaHoSo>1</MaHoSo><SoTien>007.10</SoTien><DaThu>1</DaThu>"
        "<Tep><Ten/></Tep><Tep><Ten>b</Ten></Tep></DongBo>"
    )
    value = xml_to_json(etree.fromstring(xml), shape())
    assert compact(value) == b'{"MaHoSo":"1","SoTien":7.10,"DaThu":true,"Tep":[{"Ten":""},{"Ten":"b"}]}'
    again = etree.tostring(json_to_xml(loads(compact(value)), shape())).decode()
    assert again.startswith("<DongBo><MaHoSo>1</MaHoSo>")
    assert again.endswith("<Tep><Ten></Ten></Tep><Tep><Ten>b</Ten></Tep></DongBo>")


def test_members_are_put_into_the_schemas_order() -> None:
    """JSON members have no order; the sequence does."""
    element = json_to_xml({"GhiChu": "x", "MaHoSo": "1"}, shape())
    assert [child.tag for child in element] == ["MaHoSo", "GhiChu"]


def test_null_is_read_as_absent() -> None:
    """A null says what a missing member says."""
    assert [child.tag for child in json_to_xml({"MaHoSo": "1", "GhiChu": None, "Tep": None}, shape())] == ["MaHoSo"]


def test_all_findings_come_at_once_with_their_pointers() -> None:
    """A sender mends everything in one go."""
    value: JsonValue = {
        "MaHoSo": 7,
        "SoTien": "100",
        "DaThu": "có",
        "GhiChu": ["x"],
        "Tep": {"Ten": "x"},
        "Khac": 1,
        "SoLan": {},
    }
    assert sorted(codes(value)) == [
        ("LT-WIRE-021", "/Khac"),
        ("LT-WIRE-022", "/Tep"),
        ("LT-WIRE-024", "/MaHoSo"),
        ("LT-WIRE-025", "/SoLan"),
        ("LT-WIRE-025", "/SoTien"),
        ("LT-WIRE-026", "/GhiChu"),
        ("LT-WIRE-028", "/DaThu"),
    ]


def test_findings_inside_arrays_carry_the_index() -> None:
    """The second attachment's mistake is found at the second attachment."""
    assert codes({"MaHoSo": "1", "Tep": [{"Ten": "a"}, {"ten": "b"}, "c"]}) == [
        ("LT-WIRE-021", "/Tep/1/ten"),
        ("LT-WIRE-023", "/Tep/2"),
    ]


def test_an_unknown_member_names_the_nearest() -> None:
    """A misspelt member is told what it probably is."""
    with pytest.raises(Refused) as caught:
        json_to_xml({"MaHoso": "1"}, shape())
    assert "MaHoSo" in caught.value.problems[0].text_en


def test_numbers_for_text_need_the_quirk() -> None:
    """A partner that sends numbers where text is meant is a declared one."""
    value: JsonValue = {"MaHoSo": 7, "GhiChu": True}
    assert len(codes(value)) == 2
    element = json_to_xml(value, shape(), quirks=("scalar-numbers",))
    assert (element.findtext("MaHoSo"), element.findtext("GhiChu")) == ("7", "true")


def test_a_control_character_is_refused_not_dropped() -> None:
    """What XML cannot carry is said."""
    assert codes({"MaHoSo": "a\x00b"}) == [("LT-WIRE-027", "/MaHoSo")]


def test_the_bare_array_stands_for_the_only_repeated_child() -> None:
    """A façade's array needs no wrapper."""
    element = json_to_xml([{"MaHoSo": "1"}, {"MaHoSo": "2"}], shape("DongBoMang"))
    assert [item.findtext("MaHoSo") for item in element.findall("HoSo")] == ["1", "2"]
    with pytest.raises(Refused):
        json_to_xml(["x"], shape("TraCuu"))


def test_empty_arrays_are_written_where_the_partner_wants_them() -> None:
    """Absent stays absent, unless the quirk says []."""
    element = etree.fromstring("<DongBo><MaHoSo>1</MaHoSo></DongBo>")
    assert compact(xml_to_json(element, shape())) == b'{"MaHoSo":"1"}'
    assert compact(xml_to_json(element, shape(), quirks=("empty-arrays",))) == b'{"MaHoSo":"1","Tep":[]}'


def test_a_tolerant_reading_takes_what_a_reply_may_hold() -> None:
    """Partners may add members to their replies, and write codes as they like."""
    element = json_to_xml({"error_code": 0, "message": "", "traceId": "x"}, shape("PhanHoi"), tolerant=True)
    assert element.findtext("error_code") == "0"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("7", "7"),
        ("+07.50", "7.50"),
        ("-.5", "-0.5"),
        ("5.", "5"),
        ("000", "0"),
        ("12345678901234567.89", "12345678901234567.89"),
    ],
)
def test_decimals_keep_their_digits(text: str, written: str) -> None:
    """Money is not rounded by a float on the way."""
    assert compact({"a": Digits(text)}).decode() == '{"a":' + written + "}"


def test_compact_writes_plain_utf8() -> None:
    """Vietnamese stays readable, and nothing is padded."""
    value: JsonValue = {"a": 'Đơn "đề\n nghị" \\', "b": [], "c": {}, "d": [1, 2.5, None, False]}
    assert json.loads(compact(value)) == value
    assert "Đơn".encode() in compact(value)
    assert b" :" not in compact(value)


def test_no_more_problems_are_looked_for_than_anybody_reads() -> None:
    """100 000 unknown members would cost seconds and an answer of megabytes: the first fifty are told, and that
    there are more."""
    found = codes([{f"x{number}": 1 for number in range(500)}])
    assert found[0] == ("LT-WIRE-021", "/0/x0")
    assert found[50:] == [("LT-SCH-021", "")]
