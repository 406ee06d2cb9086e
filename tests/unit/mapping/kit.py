"""A small department and a small canonical form for the tests of the mapping language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from lxml import etree

from adapters.mapping.compile import compile_map
from adapters.mapping.kinds import Kind
from adapters.mapping.plan import MapContext, MapPlan
from schemas.codes import CodeTables
from schemas.problem import Problem, Refused
from schemas.validate import Schema

ON = date(2026, 7, 6)
CONTEXT = MapContext(ON, {})

LEGACY = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
 targetNamespace="urn:cu" elementFormDefault="unqualified">
<xs:element name="push"><xs:complexType><xs:sequence>
 <xs:element name="item" maxOccurs="unbounded"><xs:complexType><xs:sequence>
  <xs:element name="gioiTinh" type="xs:int" minOccurs="0"/>
  <xs:element name="hoTen" type="xs:string" minOccurs="0"/>
  <xs:element name="maSoHoSo" type="xs:string" minOccurs="0"/>
  <xs:element name="ngayHenTra" type="xs:string" minOccurs="0"/>
  <xs:element name="ngayNop" type="xs:dateTime" minOccurs="0"/>
  <xs:element name="soCmnd" type="xs:string" minOccurs="0"/>
  <xs:element name="onlineId" type="xs:long" minOccurs="0"/>
  <xs:element name="diaChi" minOccurs="0"><xs:complexType><xs:sequence>
   <xs:element name="tinh" type="xs:string" minOccurs="0"/>
   <xs:element name="xa" type="xs:string" minOccurs="0"/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="tep" minOccurs="0" maxOccurs="3"><xs:complexType><xs:sequence>
   <xs:element name="ten" type="xs:string"/>
   <xs:element name="url" type="xs:string" minOccurs="0"/>
   <xs:element name="so" type="xs:int" minOccurs="0"/>
  </xs:sequence><xs:attribute name="loai" type="xs:string"/></xs:complexType></xs:element>
  <xs:element name="ketQua" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>
   <xs:element name="ten" type="xs:string"/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="hang" type="xs:string" minOccurs="0"/>
  <xs:element name="soGplx" type="xs:string" minOccurs="0"/>
  <xs:element name="duLieu" type="xs:string" minOccurs="0"/>
  <xs:element name="fax" type="xs:string" minOccurs="0"/>
 </xs:sequence></xs:complexType></xs:element>
</xs:sequence></xs:complexType></xs:element>
<xs:element name="data"><xs:complexType><xs:sequence>
 <xs:element name="ghi" type="xs:string" minOccurs="0"/>
</xs:sequence></xs:complexType></xs:element>
</xs:schema>"""

CANONICAL = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
 targetNamespace="urn:chuan" elementFormDefault="qualified">
<xs:element name="HoSo"><xs:complexType><xs:sequence>
 <xs:element name="MaHoSo" type="xs:string" minOccurs="0"/>
 <xs:element name="MaHoSoDonVi" type="xs:string" minOccurs="0"/>
 <xs:element name="NguonGoc" type="xs:string" minOccurs="0"/>
 <xs:element name="ThuTuc" minOccurs="0"><xs:complexType><xs:sequence>
  <xs:element name="Ma" type="xs:string"/>
  <xs:element name="Ten" type="xs:string" minOccurs="0"/>
 </xs:sequence></xs:complexType></xs:element>
 <xs:element name="ChuHoSo" minOccurs="0"><xs:complexType><xs:sequence>
  <xs:element name="HoTen" type="xs:string"/>
  <xs:element name="SoGiayTo" type="xs:string" minOccurs="0"/>
  <xs:element name="GioiTinh" type="xs:string" minOccurs="0"/>
  <xs:element name="QuocTich" type="xs:string" minOccurs="0"/>
  <xs:element name="DiaChi" minOccurs="0"><xs:complexType><xs:sequence>
   <xs:element name="MaTinh" type="xs:string" minOccurs="0"/>
   <xs:element name="MaXa" type="xs:string" minOccurs="0"/>
  </xs:sequence></xs:complexType></xs:element>
 </xs:sequence></xs:complexType></xs:element>
 <xs:element name="NgayHenTra" type="xs:date" minOccurs="0"/>
 <xs:element name="NgayNop" type="xs:dateTime" minOccurs="0"/>
 <xs:element name="TepDinhKem" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>
  <xs:element name="So" type="xs:integer" minOccurs="0"/>
  <xs:element name="Loai" type="xs:string" minOccurs="0"/>
  <xs:element name="Ten" type="xs:string"/>
  <xs:element name="DuongDan" type="xs:string" minOccurs="0"/>
 </xs:sequence></xs:complexType></xs:element>
 <xs:element name="GiayPhep" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>
  <xs:element name="So" type="xs:string" minOccurs="0"/>
  <xs:element name="Hang" type="xs:string" minOccurs="0"/>
 </xs:sequence></xs:complexType></xs:element>
 <xs:element name="GhiChu" type="xs:string" minOccurs="0"/>
</xs:sequence></xs:complexType></xs:element>
</xs:schema>"""

TABLES = {
    "gioi_tinh": "legacy,canonical,reverse,valid_from,valid_to,note\n"
    "1,nam,yes,,,\n0,nu,yes,,,\n9,khac,yes,,2020-12-31,\n",
    "mot_chieu": "legacy,canonical,reverse,valid_from,valid_to,note\n1,nam,yes,,,\n2,an,no,,,\n",
    "thu_tuc": "code,vi,en,valid_from,valid_to\n9.999001,Thủ tục mẫu,Sample procedure,,\n",
}


def tables(folder: Path) -> CodeTables:
    """The tables of the small department, read from files."""
    where = folder / "tables"
    where.mkdir(exist_ok=True)
    for name, text in TABLES.items():
        (where / f"{name}.csv").write_text(text, encoding="utf-8")
    return CodeTables.load(where)


def schema(folder: Path, name: str, text: str) -> Schema:
    """A schema from its text; each in a folder of its own, as a pack is."""
    where = folder / name
    where.mkdir(exist_ok=True)
    file = where / f"{name}.xsd"
    file.write_text(text, encoding="utf-8")
    return Schema.load(file)


def map_file(folder: Path, rules: str, *, head: str = 'id="thu" legacy="push/item" canonical="HoSo"') -> Path:
    """A map file; the first rule stands in line 2."""
    file = folder / "thu.map.xml"
    file.write_text(f'<map xmlns="urn:lienthong:map:1" {head}>\n{rules}\n</map>\n', encoding="utf-8")
    return file


def plan(
    folder: Path,
    rules: str,
    *,
    head: str = 'id="thu" legacy="push/item" canonical="HoSo"',
    kinds: Mapping[str, Kind] | None = None,
) -> MapPlan:
    """The compiled plan of a few rules."""
    return compile_map(
        map_file(folder, rules, head=head),
        legacy=schema(folder, "cu", LEGACY),
        canonical=schema(folder, "chuan", CANONICAL),
        tables=tables(folder),
        extra_kinds=kinds,
    )


def refusal(folder: Path, rules: str, *, head: str = 'id="thu" legacy="push/item" canonical="HoSo"') -> list[Problem]:
    """The problems of a map that must not compile."""
    try:
        plan(folder, rules, head=head)
    except Refused as refused:
        return list(refused.problems)
    raise AssertionError("the map compiled")


def item(inside: str) -> etree._Element:
    """A legacy element as the parser would give it; its children begin in line 2."""
    return etree.fromstring(f"<item>\n{inside}\n</item>")


def ho_so(inside: str) -> etree._Element:
    """A canonical element as the parser would give it; its children begin in line 2."""
    return etree.fromstring(f'<HoSo xmlns="urn:chuan">\n{inside}\n</HoSo>')


def read(plan: MapPlan, inside: str, context: MapContext = CONTEXT) -> str:
    """What is inside the canonical form of a legacy element, without namespace."""
    return _inside(plan.to_canonical(item(inside), context).element)


def written(plan: MapPlan, inside: str, context: MapContext = CONTEXT) -> str:
    """What is inside the legacy form of a canonical element."""
    return _inside(plan.to_legacy(ho_so(inside), context).element)


def codes(problems: tuple[Problem, ...] | list[Problem]) -> list[str]:
    """The codes of problems in their order."""
    return [problem.code for problem in problems]


def _inside(element: etree._Element | None) -> str:
    assert element is not None, "there were problems"
    text = "".join(etree.tostring(child, encoding="unicode", with_tail=False) for child in element)
    return text.replace(' xmlns="urn:chuan"', "")
