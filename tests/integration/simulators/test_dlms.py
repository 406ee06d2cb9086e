"""The simulated driving-licence office, called by zeep and by hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import zeep
from zeep.exceptions import Error, TransportError

from bus.simulators.dlms_form import MEMBERS, TIMES
from bus.simulators.dlms_store import registration_number

from .conftest import Running

Start = Callable[..., Running]
PATH = "/TichHopMotCua/Service.asmx"


def client(dlms: Running, *, port: str = "ServiceSoap") -> Any:
    return zeep.Client(f"{dlms.url}{PATH}?wsdl", service_name="Service", port_name=port).service


def record(code: str = "TN02-2026-000001", **changes: object) -> dict[str, object]:
    values: dict[str, object] = dict.fromkeys(MEMBERS, "")
    values |= {name: datetime(9999, 12, 31) for name in TIMES}
    values |= {
        "HoVaTen1": "NGUYỄN THỊ THỬ NGHIỆM",
        "HoVaTenIn1": "NGUYEN THI THU NGHIEM",
        "SoCMT1": "099000000001",
        "SoHoSo1": code,
        "NgayNhanHSo1": "06/07/2026",
    }
    return values | changes


@pytest.mark.parametrize("port", ["ServiceSoap", "ServiceSoap12"])
def test_register_by_zeep(start: Start, port: str) -> None:
    """A foreign SOAP client registers a dossier by the WSDL, in both versions, and gets twelve digits."""
    service = client(start("dlms"), port=port)
    number = service.TaoMoiHoSo(record())
    assert re.fullmatch(r"99001\d{7}", number)
    assert number == registration_number("TN02-2026-000001")


def test_the_same_dossier_again(start: Start) -> None:
    """The same SoHoSo1 again is a sentence, or by switch the same number."""
    service = client(start("dlms"))
    service.TaoMoiHoSo(record())
    assert "đã tồn tại" in service.TaoMoiHoSo(record())
    service = client(start("dlms", "--again", "number"))
    assert service.TaoMoiHoSo(record()) == service.TaoMoiHoSo(record())


def test_without_a_dossier_number(start: Start) -> None:
    """A record without SoHoSo1 is told apart by its whole content: the same again gets the same number."""
    service = client(start("dlms", "--again", "number"))
    first = service.TaoMoiHoSo(record(""))
    assert first == service.TaoMoiHoSo(record(""))
    assert first != service.TaoMoiHoSo(record("", HoVaTen1="TRẦN VĂN MẪU"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"HoVaTen1": "Nguyễn"}, "viết hoa"),
        ({"HoVaTen1": "N" * 51}, "dài quá 50"),
        ({"HoVaTenIn1": "NGUYỄN"}, "không dấu"),
        ({"NgayHenTra1": "2026-07-13"}, "dd/MM/yyyy"),
        ({"SoGPLXDaCo1": "1|2", "HangGPLXDaCo1": "A1"}, "không khớp"),
        ({"HoVaTen1": ""}, "HoVaTen1"),
    ],
)
def test_errors_are_sentences(start: Start, changes: dict[str, object], said: str) -> None:
    """What is wrong comes back as a sentence in the result, not as a fault."""
    answer = client(start("dlms")).TaoMoiHoSo(record(**changes))
    assert answer.startswith("Lỗi")
    assert said in answer


def envelope(inside: str) -> bytes:
    return (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        f'<TaoMoiHoSo xmlns="http://tempuri.org/"><dongBoQuyTrinh>{inside}</dongBoQuyTrinh></TaoMoiHoSo>'
        "</soap:Body></soap:Envelope>"
    ).encode()


def test_element_order_is_strict(start: Start) -> None:
    """Two members in the wrong order are named."""
    dlms = start("dlms")
    values = {name: "9999-12-31T00:00:00" if name in TIMES else "" for name in MEMBERS}
    names = list(MEMBERS)
    names[1], names[2] = names[2], names[1]
    body = envelope("".join(f"<{name}>{values[name]}</{name}>" for name in names))
    headers = {"Content_Type": "text/xml", "SOAPAction": '"http://tempuri.org/TaoMoiHoSo"'}
    status, reply = dlms.send("POST", PATH, body, **headers)
    assert status == 200
    assert "HoDemNLX1 sai thứ tự" in reply.decode()


def test_unknown_action_and_broken_xml_are_faults(start: Start) -> None:
    """A wrong SOAPAction and unreadable XML get a fault with status 500, as ASMX does."""
    dlms = start("dlms")
    for body, action in ((envelope(""), "http://tempuri.org/Khac"), (b"<x", "http://tempuri.org/TaoMoiHoSo")):
        status, reply = dlms.send("POST", PATH, body, Content_Type="text/xml", SOAPAction=f'"{action}"')
        assert status == 500
        assert b"<faultcode>soap:Client</faultcode>" in reply


def test_attachments_need_a_known_number(start: Start) -> None:
    """TaiAnhDinhKem takes a file for a registration that exists, and only for one."""
    dlms = start("dlms")
    service = client(dlms)
    file = {"Data": b"%PDF-1.4", "FileExtension": "pdf", "TenAnh": "don.pdf"}
    assert "không tìm thấy" in service.TaiAnhDinhKem({"MaDK": "1", **file})
    number = service.TaoMoiHoSo(record())
    assert "thành công" in service.TaiAnhDinhKem({"MaDK": number, **file})
    assert dlms.state(brief=True)["committed"] == 1  # the unnumbered file stands beside the order


def test_status_moves_with_each_ask(start: Start) -> None:
    """GetTrangThaiHoSo goes through the office's words and stays at the last."""
    service = client(start("dlms"))
    number = service.TaoMoiHoSo(record())
    assert [service.GetTrangThaiHoSo(number) for _ in range(6)] == ["01", "02", "04", "05", "05", "05"]
    assert "không tìm thấy" in service.GetTrangThaiHoSo("1")


def test_status_moves_with_time(start: Start) -> None:
    """With --status-by time asking twice at once changes nothing."""
    service = client(start("dlms", "--status-by", "time", "--status-seconds", "3600"))
    number = service.TaoMoiHoSo(record())
    assert [service.GetTrangThaiHoSo(number) for _ in range(3)] == ["01"] * 3


def test_an_office_that_does_not_keep_what_it_took(start: Start) -> None:
    """On command it shows a status somebody set by hand, or has lost the registration."""
    dlms = start("dlms", "--status-by", "time", "--status-seconds", "3600")
    service = client(dlms)
    number = service.TaoMoiHoSo(record())
    assert dlms.post("/_sim/alter", {"dossier": number, "status": "05"})["altered"] is True
    assert service.GetTrangThaiHoSo(number) == "05"
    assert dlms.post("/_sim/lose", {"dossier": "TN02-2026-000001"})["lost"] is True
    assert "không tìm thấy" in service.GetTrangThaiHoSo(number)
    assert dlms.post("/_sim/alter", {"dossier": number, "status": "05"})["altered"] is False


def test_drop_after_commit(start: Start) -> None:
    """The registration is made, the connection closed without a reply."""
    dlms = start("dlms", "--again", "number")
    service = client(dlms)
    dlms.post("/_sim/set", {"drop_after_commit": 1})
    with pytest.raises(OSError):  # noqa: PT011  # requests' ConnectionError is one
        service.TaoMoiHoSo(record())
    dlms.post("/_sim/set", {"drop_after_commit": 0})
    assert service.TaoMoiHoSo(record()) == registration_number("TN02-2026-000001")
    fates = [one["fate"] for one in dlms.state()["by_dossier"]["TN02-2026-000001"]["entries"]]
    assert fates == ["drop", "normal"]


def test_switches(start: Start) -> None:
    """At rate 1: 503, HTML, a sentence, an odd result. At rate 0 the dossier is taken."""
    dlms = start("dlms")
    service = client(dlms)
    for switch in ("error_rate", "html_rate"):
        dlms.post("/_sim/set", {switch: 1})
        with pytest.raises((TransportError, Error)):
            service.TaoMoiHoSo(record())
        dlms.post("/_sim/set", {switch: 0})
    dlms.post("/_sim/set", {"business_error_rate": 1})
    assert service.TaoMoiHoSo(record()).startswith("Lỗi")
    dlms.post("/_sim/set", {"business_error_rate": 0})
    assert dlms.state(brief=True)["committed"] == 0
    dlms.post("/_sim/set", {"bad_code_rate": 1})
    answers = {service.TaoMoiHoSo(record(f"TN02-2026-{number:06d}")) for number in range(2, 14)}
    assert answers == {None, "Đã ghi nhận"}
    dlms.post("/_sim/set", {"bad_code_rate": 0})
    assert service.TaoMoiHoSo(record()).isdigit()
