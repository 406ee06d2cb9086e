"""zeep, the SOAP client most Python systems use, against the real door over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import zeep
from zeep.exceptions import Fault

from adapters.manifest import AnswerKind
from adapters.wire.contract import Said
from schemas.problem import Stage, problem
from tests.integration.door.running import Running, running
from tests.unit.wire.parts import soap_system


@pytest.fixture(params=["with the folder's WSDL", "with a made WSDL"])
def door(request: pytest.FixtureRequest) -> Iterator[Running]:
    """A door whose WSDL is the partner's, or made from the schema."""
    with running(soap_system(wsdl="wsdl/thu.wsdl" if "folder" in request.param else "")) as made:
        yield made


def services(door: Running, query: str = "wsdl") -> dict[str, zeep.proxy.ServiceProxy]:
    """One proxy for each port of the served WSDL, imports followed."""
    client = zeep.Client(f"{door.address}/thu?{query}", settings=zeep.Settings(strict=True))
    return {port: client.bind(service, port) for service, found in client.wsdl.services.items() for port in found.ports}


def call(service: zeep.proxy.ServiceProxy, *, password: str = "bí mật", ten: str = "Nguyễn Thị Thử") -> object:
    """One guiHoSo with two dossiers."""
    items = [{"ma": f"H99-{n}", "ten": ten, "soTien": n} for n in (1, 2)]
    return service.guiHoSo(matKhau=password, taiKhoan="motcua.thu", hoSo=items)


def test_every_port_takes_a_call(door: Running) -> None:
    """SOAP 1.1 and 1.2, from the WSDL alone."""
    proxies = services(door)
    assert len(proxies) == 2
    for proxy in proxies.values():
        assert call(proxy)["loi"] == 0  # type: ignore[index]
    assert {c.voice for c, _, _ in door.beyond.calls} == {"soap11", "soap12"}
    assert door.beyond.calls[0][0].payload.findtext("hoSo/ten") == "Nguyễn Thị Thử"


def test_the_11_form_has_one_port(door: Running) -> None:
    """For clients that cannot choose."""
    (proxy,) = services(door, "wsdl=1.1").values()
    assert call(proxy)["loi"] == 0  # type: ignore[index]
    assert door.beyond.calls[0][0].voice == "soap11"


def test_faults_are_faults_with_their_typed_detail(door: Running) -> None:
    """Code, place and next step can be read by program, in both versions."""
    door.beyond.answer = Said(AnswerKind.CONFLICT, (problem("LT-WIRE-005", Stage.PARSE, {"count": 2}),))
    for proxy in services(door).values():
        with pytest.raises(Fault) as caught:
            call(proxy)
        assert "LT-WIRE-005" in str(caught.value.message)
        detail = caught.value.detail
        assert detail is not None
        assert detail.findtext(".//{urn:lienthong:problem:1}code") == "LT-WIRE-005"
        assert detail.findtext(".//{urn:lienthong:problem:1}do")


def test_wrong_credentials_are_a_fault(door: Running) -> None:
    """And nothing is handed over."""
    for proxy in services(door).values():
        with pytest.raises(Fault) as caught:
            call(proxy, password="sai")
        assert "LT-DOOR-001" in str(caught.value.message)
    assert door.beyond.calls == []
