"""The WSDL of a door: ours in address, the partner's in everything else, and no other file than its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree
from zeep import Client, Settings

from adapters.adapter import Adapter
from adapters.wire import wsdl
from adapters.wire.contract import HttpReply
from tests.unit.wire.parts import ADDRESS, FOLDER, request, soap_system


def asked(system: Adapter, **query: str) -> HttpReply | None:
    """The answer to a GET with this query."""
    return wsdl.serve(system, request(method="GET", query=query))


def body(system: Adapter, **query: str) -> etree._Element:
    """The document served."""
    reply = asked(system, **query)
    assert reply is not None
    assert reply.headers["content-type"].startswith("text/xml")
    return etree.fromstring(reply.body)


def test_the_partners_wsdl_carries_our_address_at_every_port() -> None:
    """And no trace of where the partner's own service was."""
    root = body(soap_system(), wsdl="")
    assert root.xpath("//@location") == [ADDRESS, ADDRESS]
    assert b"cu.example" not in etree.tostring(root)


def test_any_casing_of_the_question_is_understood() -> None:
    """Old .NET tools ask for ?WSDL."""
    assert asked(soap_system(), WSDL="") is not None
    assert asked(soap_system(), singleWsdl="") is None


@pytest.mark.parametrize("has_wsdl", [True, False])
def test_the_11_form_has_no_12_port(has_wsdl: bool) -> None:
    """Clients that stumble over SOAP 1.2 get a WSDL without it."""
    system = soap_system() if has_wsdl else soap_system(wsdl="")
    both, only = etree.tostring(body(system, wsdl="")), etree.tostring(body(system, wsdl="1.1"))
    assert b"soap12" in both
    assert only.count(b":address") == 1
    assert b"soap12/" not in only.replace(b'xmlns:s12="http://schemas.xmlsoap.org/wsdl/soap12/"', b"")


def test_imported_files_are_served_under_our_address_and_nothing_else() -> None:
    """Each location leads back to us; a file outside the WSDL's reach is not there, whatever its name."""
    system = soap_system()
    (first,) = body(system, wsdl="").xpath("//@schemaLocation")
    assert first == f"{ADDRESS}?xsd=thu.xsd"
    (second,) = body(system, xsd="thu.xsd").xpath("//@schemaLocation")
    assert second == f"{ADDRESS}?xsd=kieu.xsd"
    assert body(system, xsd="kieu.xsd").xpath("//@schemaLocation") == []
    for name in ("cong.xsd", "../wsdl/thu.xsd", "/etc/passwd", "", "..%2Fparts.py", "thu.wsdl/../cong.xsd"):
        assert asked(system, xsd=name) is None, name


@pytest.mark.parametrize("has_wsdl", [True, False])
def test_zeep_reads_what_is_served(has_wsdl: bool, tmp_path: Path) -> None:
    """Both the rewritten and the made WSDL are usable by a client that is strict."""
    system = soap_system() if has_wsdl else soap_system(wsdl="")
    reply = asked(system, wsdl="")
    assert reply is not None
    text = reply.body.decode().replace(f"{ADDRESS}?xsd=", "")
    for name in ("thu.xsd", "kieu.xsd"):
        (tmp_path / name).write_bytes((FOLDER / "wsdl" / name).read_bytes())
    (tmp_path / "s.wsdl").write_text(text, encoding="utf-8")
    client = Client(str(tmp_path / "s.wsdl"), settings=Settings(strict=True))
    ports = {name: port for service in client.wsdl.services.values() for name, port in service.ports.items()}
    assert len(ports) == 2
    for port in ports.values():
        assert set(port.binding._operations) == {"guiHoSo", "hoiHoSo"}
        assert port.binding_options["address"] == ADDRESS


def test_a_made_wsdl_describes_the_typed_fault() -> None:
    """A partner's tool can read what our faults carry."""
    root = body(soap_system(wsdl=""), wsdl="")
    assert root.xpath("//*[local-name()='schema'][@targetNamespace='urn:lienthong:problem:1']")
    assert root.xpath("//*[local-name()='fault']")
