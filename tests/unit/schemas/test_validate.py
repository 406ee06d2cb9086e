"""Checking against a schema: what is found, where, in which words; and that nothing is ever fetched."""

import re
import socket
import threading
from pathlib import Path

import pytest

import schemas.validate
from schemas.problem import Problem, Refused, Stage
from schemas.validate import MAX_PROBLEMS, Schema
from schemas.xmldoc import parse

XSD = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:t" targetNamespace="urn:t"
           elementFormDefault="qualified">
  <xs:element name="HoSo"><xs:complexType><xs:sequence>
    <xs:element name="So" type="xs:int"/>
    <xs:element name="Ma" minOccurs="0"><xs:simpleType><xs:restriction base="xs:string">
      <xs:pattern value="[A-Z]+"/><xs:maxLength value="3"/></xs:restriction></xs:simpleType></xs:element>
    <xs:element name="Loai" minOccurs="0" maxOccurs="2"><xs:simpleType><xs:restriction base="xs:string">
      <xs:enumeration value="1"/><xs:enumeration value="2"/></xs:restriction></xs:simpleType></xs:element>
    <xs:choice minOccurs="0"><xs:element name="Ngay" type="xs:date"/>
      <xs:element name="Co" type="xs:boolean" nillable="true"/></xs:choice>
    <xs:element name="Tien" minOccurs="0"><xs:complexType><xs:simpleContent><xs:extension base="xs:decimal">
      <xs:attribute name="don_vi" use="required" type="xs:int"/></xs:extension></xs:simpleContent></xs:complexType>
    </xs:element>
    <xs:element name="Lan" minOccurs="0"><xs:simpleType><xs:restriction base="xs:int">
      <xs:minInclusive value="1"/><xs:maxInclusive value="9"/></xs:restriction></xs:simpleType></xs:element>
    <xs:element name="Ten" minOccurs="0"><xs:simpleType><xs:restriction base="xs:string">
      <xs:minLength value="2"/></xs:restriction></xs:simpleType></xs:element>
    <xs:element name="CoDinh" minOccurs="0" type="xs:string" fixed="F"/>
    <xs:element name="Muc" minOccurs="0" maxOccurs="unbounded" type="xs:int"/>
  </xs:sequence></xs:complexType></xs:element>
</xs:schema>"""


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Schema:
    folder = tmp_path_factory.mktemp("gói lược đồ")
    (folder / "a.xsd").write_text(XSD, encoding="utf-8")
    return Schema.load(folder / "a.xsd")


@pytest.fixture(params=["xmlschema", "libxml2"])
def voice(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Who explains: the second validator, or libxml2's own log for messages that are too large for it."""
    if request.param == "libxml2":
        monkeypatch.setattr(schemas.validate, "_EXPLAINED_ELEMENTS", -1)
    return str(request.param)


def check(schema: Schema, inside: str) -> tuple[Problem, ...]:
    return schema.check(parse(f'<HoSo xmlns="urn:t">\n{inside}</HoSo>'.encode()), stage=Stage.VALIDATE_IN)


def test_valid_is_empty(schema: Schema, voice: str) -> None:
    """A message that fits has no problems."""
    assert check(schema, "<So>1</So><Ma>AB</Ma><Ngay>2026-07-06</Ngay>") == ()


@pytest.mark.parametrize(
    ("inside", "code", "path", "vi", "en"),
    [
        ("", "LT-SCH-001", "HoSo", "Thiếu phần tử “So” trong “HoSo”", "Element “So” is missing in “HoSo”"),
        (
            "<Ma>A</Ma>",
            "LT-SCH-001",
            "HoSo",
            "Thiếu phần tử “So” trong “HoSo”, trước “Ma”",
            "missing in “HoSo”, before “Ma”",
        ),
        ("<So>1</So><Mã/>", "LT-SCH-002", "HoSo/Mã", "không có trong lược đồ của “HoSo”", "not in the schema"),
        ("<So>1</So><ma>A</ma>", "LT-SCH-002", "HoSo/ma", "gần nhất là “Ma”", "the nearest is “Ma”"),
        ("<So>1</So><Lan>1</Lan><Ma>A</Ma>", "LT-SCH-003", "HoSo/Ma", "đứng sai thứ tự", "out of order"),
        ("<So>1</So><Loai>1</Loai><Loai>1</Loai><Loai>1</Loai>", "LT-SCH-003", "HoSo/Loai[3]", "lặp quá", "repeated"),
        ('<So xmlns="">1</So>', "LT-SCH-004", "HoSo/So", "đang là “”, phải là “urn:t”", "instead of “urn:t”"),
        ("<So>mot</So>", "LT-SCH-005", "HoSo/So", "Giá trị của “So” không phải là số nguyên", "a whole number"),
        ("<So>1</So><Ngay>06/07/2026</Ngay>", "LT-SCH-005", "HoSo/Ngay", "ngày dạng yyyy-MM-dd", "a date like"),
        ("<So>1</So><Co>co</Co>", "LT-SCH-005", "HoSo/Co", "đúng/sai", "true or false"),
        ("<So>1</So><Ma>a</Ma>", "LT-SCH-006", "HoSo/Ma", "không đúng mẫu [A-Z]+", "the pattern [A-Z]+"),
        ("<So>1</So><Loai>7</Loai>", "LT-SCH-007", "HoSo/Loai", "Giá trị “7” của “Loai”", "allowed list: 1, 2"),
        ("<So>1</So><Ma>ABCD</Ma>", "LT-SCH-008", "HoSo/Ma", "nhiều nhất 3 ký tự", "at most 3"),
        ("<So>1</So><Ten>a</Ten>", "LT-SCH-009", "HoSo/Ten", "ít nhất 2 ký tự", "at least 2"),
        (
            "<So>1</So><Tien>1</Tien>",
            "LT-SCH-010",
            "HoSo/Tien",
            "thiếu thuộc tính bắt buộc “don_vi”",
            "lacks the required",
        ),
        ('<So x="1">1</So>', "LT-SCH-011", "HoSo/So", "thuộc tính không được phép “x”", "not allowed"),
        (
            '<So>1</So><Tien don_vi="k">1</Tien>',
            "LT-SCH-005",
            "HoSo/Tien",
            "“Tien/@don_vi” không phải là số nguyên",
            "whole",
        ),
        ("<So>1</So><Lan>10</Lan>", "LT-SCH-013", "HoSo/Lan", "giới hạn là 9", "the limit is 9"),
        ("chữ<So>1</So>", "LT-SCH-014", "HoSo", "Có chữ nằm giữa các phần tử con", "text between the children"),
        ("<So>1</So><CoDinh>Z</CoDinh>", "LT-SCH-016", "HoSo/CoDinh", "giá trị cố định", "fixed value"),
    ],
)
def test_each_fault_in_both_languages(
    schema: Schema, voice: str, inside: str, code: str, path: str, vi: str, en: str
) -> None:
    """Each kind of fault has its code, its path and a real sentence in Vietnamese and English, whoever explains."""
    (found,) = check(schema, inside)
    assert found.code == code
    assert vi in found.text_vi
    assert en in found.text_en
    assert found.theirs is not None
    assert found.theirs.path == path
    assert found.theirs.line == (1 if path == "HoSo" else 2)
    assert found.ours is not None
    assert found.ours.source == "a.xsd"


def test_element_in_a_simple_value_and_wrong_nil(schema: Schema, voice: str) -> None:
    """Elements where only text may stand, and xsi:nil on an element with content, have their own codes."""
    assert "LT-SCH-015" in {found.code for found in check(schema, "<So><b/></So>")}
    nil = '<So>1</So><Co xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true">true</Co>'
    assert [found.code for found in check(schema, nil)] == ["LT-SCH-017"]


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"<HoSo/>", "LT-SCH-004"), (b'<hoso xmlns="urn:t"/>', "LT-SCH-012"), (b"<html/>", "LT-SCH-012")],
)
def test_unknown_root(schema: Schema, voice: str, body: bytes, code: str) -> None:
    """A root of another name, or of the right name in the wrong namespace."""
    assert [found.code for found in schema.check(parse(body), stage=Stage.VALIDATE_IN)] == [code]


def test_all_faults_come_at_once(schema: Schema, voice: str) -> None:
    """A sender mends everything in one go."""
    found = check(schema, "<So>x</So><Ma>a</Ma><Loai>9</Loai><Lan>0</Lan>")
    assert [problem.code for problem in found] == ["LT-SCH-005", "LT-SCH-006", "LT-SCH-007", "LT-SCH-013"]


def test_never_more_than_fifty(schema: Schema, voice: str) -> None:
    """A long list of faults is cut, and says so."""
    found = check(schema, "<So>1</So>" + "<Muc>x</Muc>" * 200)
    assert len(found) == MAX_PROBLEMS + 1
    assert found[-1].code == "LT-SCH-021"


def test_very_long_list_is_explained_by_its_beginning(schema: Schema) -> None:
    """Eighty thousand faults in one list are answered in about a second, with the first places and a closing word."""
    found = check(schema, "<So>1</So>" + "<Muc>x</Muc>" * 80_000)
    assert [problem.code for problem in found[:2]] == ["LT-SCH-005", "LT-SCH-005"]
    assert found[0].theirs is not None
    assert found[0].theirs.path == "HoSo/Muc[1]"
    assert found[-1].code == "LT-SCH-022"


def test_fault_at_the_end_of_a_long_list_is_still_placed(schema: Schema) -> None:
    """One fault among five thousand right ones is found and placed."""
    (found,) = check(schema, "<So>1</So>" + "<Muc>1</Muc>\n" * 5_000 + "<Muc>x</Muc>")
    assert (found.code, found.theirs and found.theirs.path) == ("LT-SCH-005", "HoSo/Muc[5001]")


@pytest.mark.parametrize(
    "inside",
    [
        "<So>099000000001</So><So>2</So>",
        "<So>Nguyen-Van-A</So>",
        "<So>1</So><Ma>099000000001</Ma>",
        "<So>1</So><Loai>099000000001</Loai>",
        "<So>1</So><Loai>Nguyen Van</Loai>",
        '<So>1</So><Tien don_vi="Nguyen">099000000001</Tien>',
        "<So>1</So><Lan>990000001</Lan>",
        "<So>1</So><CoDinh>Nguyen</CoDinh>",
        "Nguyen 099000000001<So>1</So>",
    ],
)
def test_a_citizens_value_is_never_quoted(schema: Schema, voice: str, inside: str) -> None:
    """Names and rules stand in a problem, values do not."""
    found = check(schema, inside)
    assert found
    assert not re.search("Nguyen|0990000|99000000", repr(found))


def test_part_of_a_message_is_checked_alone(schema: Schema, voice: str) -> None:
    """An element inside an envelope is checked as if it stood alone; its path begins at itself."""
    envelope = parse(b'<e><HoSo xmlns="urn:t"><So>x</So></HoSo><HoSo xmlns="urn:t"><So>1</So></HoSo></e>')
    (found,) = schema.check(envelope[0], stage=Stage.VALIDATE_IN)
    assert found.theirs is not None
    assert found.theirs.path == "HoSo/So"
    assert schema.check(envelope[1], stage=Stage.VALIDATE_IN) == ()


def test_threads_check_at_the_same_time(schema: Schema) -> None:
    """Many threads on one Schema get their own verdicts."""
    wrong: list[object] = []

    def work(number: int) -> None:
        for turn in range(30):
            good = (number + turn) % 2 == 0
            found = check(schema, "<So>1</So>" if good else f"<So>1</So><Lan>{10 + number}</Lan>")
            if [problem.code for problem in found] != ([] if good else ["LT-SCH-013"]):
                wrong.append(found)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_threads_one_after_the_other_share_what_was_compiled(schema: Schema, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker has a hundred threads: a large schema is not compiled, and kept, for each."""
    check(schema, "<So>1</So>")
    monkeypatch.setattr("schemas.validate._compile", lambda path: pytest.fail("compiled again"))
    found: list[object] = []
    for _ in range(5):
        thread = threading.Thread(target=lambda: found.append(check(schema, "<So>1</So>")))
        thread.start()
        thread.join()
    assert [not one for one in found] == [True] * 5


# ---------------------------------------------------------------- schema files


def write(folder: Path, **files: str) -> Path:
    for name, inside in files.items():
        text = f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{inside}</xs:schema>'
        (folder / f"{name}.xsd").write_text(text, encoding="utf-8")
    return folder / "main.xsd"


def codes_of(path: Path) -> list[str]:
    with pytest.raises(Refused) as caught:
        Schema.load(path)
    return [problem.code for problem in caught.value.problems]


@pytest.mark.parametrize("kind", ["include", "import", "redefine"])
def test_remote_schema_is_refused_and_nobody_is_called(tmp_path: Path, kind: str) -> None:
    """A schema that imports over HTTP is refused when loaded; no connection is made."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.3)
        namespace = 'namespace="urn:x"' if kind == "import" else ""
        address = f"http://127.0.0.1:{server.getsockname()[1]}/x.xsd"
        assert codes_of(write(tmp_path, main=f'<xs:{kind} {namespace} schemaLocation="{address}"/>')) == ["LT-SCH-102"]
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize(
    "location", ["../out.xsd", "/etc/out.xsd", "file:///etc/out.xsd", "//host.example/out.xsd", "x/../../out.xsd"]
)
def test_schema_outside_the_folder_is_refused(tmp_path: Path, location: str) -> None:
    """A schemaLocation may not leave the pack's folder, whatever way it tries."""
    folder = tmp_path / "pack"
    folder.mkdir()
    write(tmp_path, out="")
    assert codes_of(write(folder, main=f'<xs:include schemaLocation="{location}"/>')) == ["LT-SCH-102"]


def test_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    """A symbolic link does not open the folder."""
    folder = tmp_path / "pack"
    folder.mkdir()
    write(tmp_path, out="")
    (folder / "in.xsd").symlink_to(tmp_path / "out.xsd")
    assert codes_of(write(folder, main='<xs:include schemaLocation="in.xsd"/>')) == ["LT-SCH-102"]


def test_folder_is_the_one_with_the_source_file(tmp_path: Path) -> None:
    """Inside a pack with SOURCE.toml, files may stand in several folders."""
    (tmp_path / "SOURCE.toml").touch()
    folder = tmp_path / "parts"
    folder.mkdir()
    write(tmp_path, types='<xs:element name="a" type="xs:int"/>')
    loaded = Schema.load(write(folder, main='<xs:include schemaLocation="../types.xsd"/>'))
    assert loaded.check(parse(b"<a>1</a>"), stage=Stage.VALIDATE_IN) == ()
    assert loaded.shape("a").name == "a"


def test_all_problems_of_the_files_come_at_once(tmp_path: Path) -> None:
    """Missing files and bad places are told together."""
    inside = '<xs:include schemaLocation="gone.xsd"/><xs:include schemaLocation="http://x.example/y.xsd"/>'
    assert sorted(codes_of(write(tmp_path, main=inside))) == ["LT-SCH-101", "LT-SCH-102"]


def test_schema_that_does_not_compile_gives_its_line(tmp_path: Path) -> None:
    """A wrong schema is a problem of the folder, with the line."""
    file = write(tmp_path, main='\n\n<xs:element name="a" type="khongCo"/>')
    with pytest.raises(Refused) as caught:
        Schema.load(file)
    (found,) = caught.value.problems
    assert found.code == "LT-SCH-103"
    assert found.ours is not None
    assert found.ours.line == 3


def test_doctype_in_a_schema_is_refused(tmp_path: Path) -> None:
    """Schema files pass the same guard as messages."""
    (tmp_path / "main.xsd").write_text('<!DOCTYPE a SYSTEM "x"><a/>', encoding="utf-8")
    assert codes_of(tmp_path / "main.xsd") == ["LT-XML-003"]


def test_digest_covers_included_files(tmp_path: Path) -> None:
    """A change in an included file is another schema."""
    file = write(tmp_path, main='<xs:include schemaLocation="b.xsd"/>', b='<xs:element name="a"/>')
    before = Schema.load(file).digest
    assert Schema.load(file).digest == before
    write(tmp_path, b='<xs:element name="b"/>')
    assert Schema.load(file).digest != before


@pytest.mark.parametrize("named", ["xsi:nothing", "nobody:nothing", "nothing"])
def test_type_nobody_declared_is_the_senders_fault(schema: Schema, voice: str, named: str) -> None:
    """The explaining validator breaks on an unknown xsi:type; the sender still learns that its message is not valid."""
    body = (
        '<HoSo xmlns="urn:t" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f'<So xsi:type="{named}">1</So></HoSo>'
    )
    found = schema.check(parse(body.encode()), stage=Stage.VALIDATE_IN)
    assert {one.code for one in found} == {"LT-SCH-020"}


def test_place_does_not_repeat_a_name_of_any_length(schema: Schema, voice: str) -> None:
    """A name of 40 000 letters would come back in the answer, stand in the log and in the journal."""
    found = check(schema, f"<{'x' * 40_000}/>")
    assert found
    assert all(len(str(one.as_json())) < 3_000 for one in found)
