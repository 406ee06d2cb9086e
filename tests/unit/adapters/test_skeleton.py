"""`lienthong new`: a folder from a contract, which loads at once and leaves the decisions as TODOs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from adapters.contract_reader import read_contract
from adapters.registry import built_in, load_system
from adapters.skeleton import new_system
from schemas.catalog import packs, verify
from schemas.problem import Refused

INLINE = """\
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
             xmlns:tns="urn:thu" targetNamespace="urn:thu">
  <types>
    <s:schema xmlns:s="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:thu" elementFormDefault="qualified">
      <s:element name="GuiHoSo">
        <s:complexType><s:sequence>
          <s:element name="maHoSo" type="s:string"/>
          <s:element name="ngayHenTra" type="s:string" minOccurs="0"/>
        </s:sequence></s:complexType>
      </s:element>
      <s:element name="GuiHoSoResponse">
        <s:complexType><s:sequence><s:element name="GuiHoSoResult" type="s:string"/></s:sequence></s:complexType>
      </s:element>
    </s:schema>
  </types>
  <message name="In"><part name="p" element="tns:GuiHoSo"/></message>
  <message name="Out"><part name="p" element="tns:GuiHoSoResponse"/></message>
  <portType name="P">
    <operation name="GuiHoSo"><input message="tns:In"/><output message="tns:Out"/></operation>
  </portType>
  <binding name="B" type="tns:P">
    <soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="GuiHoSo"><soap:operation soapAction="urn:thu/GuiHoSo"/></operation>
  </binding>
</definitions>
"""


def written(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, body in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(body)
    return folder


def test_a_wsdl_with_an_inline_schema_becomes_a_folder_that_loads(tmp_path: Path) -> None:
    """The folder is usable at once: schema taken out of the WSDL, operation, action and reply found."""
    (tmp_path / "thu.wsdl").write_text(INLINE, encoding="utf-8")

    folder = written(tmp_path / "so_thu", new_system("so_thu", tmp_path / "thu.wsdl", month="2026-07"))
    operation = load_system(folder).manifest.operations["GuiHoSo"]

    assert (operation.reply_element, operation.soap_action) == ("GuiHoSoResponse", "urn:thu/GuiHoSo")


def test_prefixes_declared_at_the_top_of_a_wsdl_reach_its_schemas(tmp_path: Path) -> None:
    """The commonest WSDL of all: types named by a prefix that only <definitions> declares."""
    typed = INLINE.replace('name="maHoSo" type="s:string"', 'name="maHoSo" type="tns:Ma"').replace(
        "</s:schema>", '<s:simpleType name="Ma"><s:restriction base="s:string"/></s:simpleType></s:schema>'
    )
    (tmp_path / "thu.wsdl").write_text(typed, encoding="utf-8")

    folder = written(tmp_path / "so_thu", new_system("so_thu", tmp_path / "thu.wsdl", month="2026-07"))

    assert load_system(folder).schema.shape("GuiHoSo").find("maHoSo") is not None


def test_each_legacy_element_is_a_todo(tmp_path: Path) -> None:
    """The map names every element once, for a person to decide."""
    (tmp_path / "thu.wsdl").write_text(INLINE, encoding="utf-8")

    text = new_system("so_thu", tmp_path / "thu.wsdl", month="2026-07")["maps/gui_ho_so.map.xml"].decode()

    assert text.count("maHoSo") >= 1
    assert text.count("ngayHenTra") >= 1


def test_the_contract_is_kept_untouched_and_hashed(tmp_path: Path) -> None:
    """The partner's file is copied byte for byte, with its hash beside it."""
    (tmp_path / "thu.wsdl").write_text(INLINE, encoding="utf-8")

    folder = written(tmp_path / "so_thu", new_system("so_thu", tmp_path / "thu.wsdl", month="2026-07"))

    assert (folder / "wsdl" / "2026-07" / "thu.wsdl").read_text(encoding="utf-8") == INLINE
    assert [verify(pack) for pack in packs(folder)] == [()]


@pytest.mark.parametrize(
    ("system", "name", "count"),
    [("gplx_dlms", "service.wsdl", 3), ("mot_cua_cmon", "exchange.wsdl", 5)],
)
def test_our_own_contracts_are_read_back(system: str, name: str, count: int) -> None:
    """Every operation of a WSDL with an imported schema is found."""
    found = read_contract(built_in() / system / "wsdl" / "2026-07" / name)

    assert len(found.operations) == count
    assert found.schema.endswith(".xsd")


def test_a_partner_that_calls_us_gets_a_door_with_authentication(tmp_path: Path) -> None:
    """A new door is never open: the skeleton declares [auth]."""
    (tmp_path / "thu.wsdl").write_text(INLINE, encoding="utf-8")

    text = new_system("so_thu", tmp_path / "thu.wsdl", month="2026-07", called=True)["adapter.toml"].decode()

    assert "[auth]" in text
    assert 'direction = "in"' in text


@pytest.mark.parametrize("id", ["../x", "So_Thu", "a b", ""])
def test_an_id_that_is_no_folder_name_is_refused(id: str, tmp_path: Path) -> None:
    """An id cannot lead out of the systems folder."""
    (tmp_path / "thu.wsdl").write_text(INLINE, encoding="utf-8")

    with pytest.raises(Refused) as caught:
        new_system(id, tmp_path / "thu.wsdl", month="2026-07")

    assert caught.value.problems[0].code == "LT-SYS-004"


LINKS = {"web": "http://vidu.example/x.xsd", "up": "../ngoai.xsd", "root": "/etc/hostname", "gone": "khong-co.xsd"}


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
def test_a_contract_never_reaches_beyond_its_folder(link: str, tmp_path: Path) -> None:
    """Nothing is fetched and nothing outside the contract's folder is read."""
    (tmp_path / "ngoai.xsd").write_text("<x/>", encoding="utf-8")
    inside = tmp_path / "trong"
    inside.mkdir()
    text = INLINE.replace("<types>", f'<import xmlns="http://schemas.xmlsoap.org/wsdl/" location="{link}"/><types>')
    (inside / "thu.wsdl").write_text(text, encoding="utf-8")

    with pytest.raises(Refused) as caught:
        read_contract(inside / "thu.wsdl")

    assert caught.value.problems[0].code == "LT-SYS-006"


def test_a_file_that_is_no_contract_is_refused(tmp_path: Path) -> None:
    """Any other XML says what it is instead."""
    (tmp_path / "thu.xml").write_text("<HoSo/>", encoding="utf-8")

    with pytest.raises(Refused) as caught:
        read_contract(tmp_path / "thu.xml")

    assert "HoSo" in caught.value.problems[0].text_en
