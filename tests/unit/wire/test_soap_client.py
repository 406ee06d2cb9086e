"""The SOAP caller: bound by the folder's WSDL, content untouched, every reply read or named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from adapters.adapter import Adapter
from adapters.manifest import Direction, Operation, ReplyRule
from adapters.replies import classify
from adapters.wire.contract import Exchange, Fault, PartnerReply
from adapters.wire.http_client import HttpClient
from adapters.wire.registry import outbound, render, wires
from adapters.wire.soap_binding import load_binding
from adapters.wire.soap_client import SoapCaller
from adapters.wire.soap_envelope import Version
from schemas.problem import Refused
from tests.unit.wire.lines import answer, says, serving
from tests.unit.wire.parts import FOLDER, NAMESPACE, SOAP11, SOAP12, envelope, gui, order, soap_system

CALL = Operation(
    direction=Direction.OUT,
    title_vi="Gửi",
    title_en="Send",
    reply_element="guiHoSoResponse",
    reply_code="return/loi",
    reply_text="return/loiNhan",
    replies=(
        ReplyRule("accepted", code=("0",)),
        ReplyRule("unavailable", text_contains=("đang bảo trì",)),
        ReplyRule("bad-reply", code_missing=True),
        ReplyRule("rejected", code_missing=False),
    ),
)
SYSTEM = soap_system(operations={"guiHoSo": CALL})
CONTENT = gui().encode()
OK = (
    f'<t:guiHoSoResponse xmlns:t="{NAMESPACE}"><return><loi>0</loi><loiNhan>xong</loiNhan></return></t:guiHoSoResponse>'
)


@pytest.fixture
def caller() -> Iterator[SoapCaller]:
    """A caller with its own connections."""
    http = HttpClient()
    yield SoapCaller(http)
    http.close()


def call(
    caller: SoapCaller, reply: bytes, *, system: Adapter = SYSTEM, **more: object
) -> tuple[Exchange, PartnerReply, bytes]:
    """One call: what happened, how it was read, and what the partner got."""
    with serving(says(reply)) as line:
        sent = order(system, "guiHoSo", CONTENT, address=line.address, **more)
        exchange = caller.send(sent)
        return exchange, caller.reply(sent, exchange), line.requests[0]


def test_the_content_is_wrapped_byte_for_byte_with_the_wsdls_action(caller: SoapCaller) -> None:
    """No re-serialising: a signature inside stays good."""
    exchange, reply, request = call(caller, answer(envelope(OK), media="text/xml; charset=utf-8"))
    head, _, body = request.partition(b"\r\n\r\n")
    assert CONTENT in body
    assert etree.fromstring(body)[0][0].tag == f"{{{NAMESPACE}}}guiHoSo"
    assert b'SOAPAction: "urn:he-thong-thu/guiHoSo"' in head
    assert b"Content-Type: text/xml; charset=utf-8" in head
    assert b"X-Lienthong-Id: " + b"0" * 32 in head
    assert (exchange.fault, reply.code, reply.text, reply.problems) == (Fault.NONE, "0", "xong", ())
    assert classify(CALL, exchange, reply).outcome == "accepted"


def test_soap_12_is_spoken_where_the_quirk_says_so(caller: SoapCaller) -> None:
    """The action travels in the content type, and the answer is read in 1.2."""
    system = soap_system(operations={"guiHoSo": CALL}, quirks=("soap-1.2",))
    media = "application/soap+xml; charset=utf-8"
    _, reply, request = call(caller, answer(envelope(OK, soap=SOAP12), media=media), system=system)
    assert b'Content-Type: application/soap+xml; charset=utf-8; action="urn:he-thong-thu/guiHoSo"' in request
    assert SOAP12.encode() in request
    assert reply.code == "0"


@pytest.mark.parametrize("soap", [SOAP11, SOAP12])
def test_a_fault_is_told_and_is_no_success_and_no_rejection(caller: SoapCaller, soap: str) -> None:
    """Code and words are kept for the operator; the catch-all rule does not apply to faults."""
    if soap == SOAP11:
        fault = "<s:Fault><faultcode>s:Server</faultcode><faultstring>hỏng</faultstring></s:Fault>"
    else:
        fault = (
            "<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code>"
            '<s:Reason><s:Text xml:lang="vi">hỏng</s:Text></s:Reason></s:Fault>'
        )
    raw = answer(envelope(fault, soap=soap), status="500 Internal Server Error", media="text/xml")
    exchange, reply, _ = call(caller, raw)
    assert (reply.code in ("Server", "Receiver"), reply.text) == (True, "hỏng")
    assert [p.code for p in reply.problems] == ["LT-WIRE-033"]
    assert classify(CALL, exchange, reply).outcome == "bad-reply"


def test_a_fault_that_says_maintenance_follows_its_rule(caller: SoapCaller) -> None:
    """A rule that looks for words is heard also for faults."""
    fault = "<s:Fault><faultcode>s:Server</faultcode><faultstring>Hệ thống đang bảo trì</faultstring></s:Fault>"
    exchange, reply, _ = call(caller, answer(envelope(fault), status="500 X", media="text/xml"))
    assert classify(CALL, exchange, reply).outcome == "unavailable"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (answer("<html><body>Bảo trì</body></html>", media="text/html"), "LT-WIRE-031"),
        (answer("<!DOCTYPE html><html/>", media="text/xml"), "LT-WIRE-031"),
        (answer("Xin lỗi", media="text/html"), "LT-WIRE-031"),
        (answer("", media="text/xml"), "LT-WIRE-035"),
        (answer("<a>", media="text/xml"), "LT-WIRE-032"),
        (answer("<a/>", media="text/xml"), "LT-WIRE-032"),
        (answer('<!DOCTYPE x [<!ENTITY e "e">]><x>&e;</x>', media="text/xml"), "LT-WIRE-032"),
        (answer(envelope("<khac/>"), media="text/xml"), "LT-WIRE-034"),
        (answer(envelope(""), media="text/xml"), "LT-WIRE-032"),
        (answer(envelope(OK), media="text/xml; charset=klingon"), "LT-WIRE-032"),
    ],
)
def test_what_is_no_reply_is_named_and_never_success(caller: SoapCaller, raw: bytes, code: str) -> None:
    """HTML with 200, nothing, rubbish, another operation's reply."""
    exchange, reply, _ = call(caller, raw)
    assert [p.code for p in reply.problems] == [code]
    assert classify(CALL, exchange, reply).outcome == "bad-reply"


def test_xml_inside_a_string_is_read_where_declared(caller: SoapCaller) -> None:
    """A string result that is a document, declaring utf-16 as .NET does."""
    inner = '&lt;?xml version="1.0" encoding="utf-16"?&gt;&lt;KQ&gt;&lt;Ma&gt;7&lt;/Ma&gt;&lt;/KQ&gt;'
    reply = OK.replace("xong", inner)
    operation = replace(CALL, reply_code="return/loiNhan/KQ/Ma")
    plain = soap_system(operations={"guiHoSo": operation})
    folded = soap_system(operations={"guiHoSo": operation}, quirks=("xml-in-string",))
    assert call(caller, answer(envelope(reply), media="text/xml"), system=plain)[1].code is None
    assert call(caller, answer(envelope(reply), media="text/xml"), system=folded)[1].code == "7"


def test_broken_xml_inside_a_string_is_named(caller: SoapCaller) -> None:
    """It is not repaired by guessing."""
    system = soap_system(operations={"guiHoSo": CALL}, quirks=("xml-in-string",))
    raw = answer(envelope(OK.replace("xong", "&lt;KQ&gt;A &amp; B&lt;/KQ&gt;")), media="text/xml")
    assert [p.code for p in call(caller, raw, system=system)[1].problems] == ["LT-WIRE-032"]


def test_a_fault_on_the_line_reads_as_nothing(caller: SoapCaller) -> None:
    """Without an answer there is no code, and the line decides."""
    sent = order(SYSTEM, "guiHoSo", CONTENT, address="http://127.0.0.1:9/", timeout_s=1.0)
    exchange = caller.send(sent)
    assert caller.reply(sent, exchange) == PartnerReply(None, "", None)
    assert classify(CALL, exchange, caller.reply(sent, exchange)).outcome == "unavailable"


def test_basic_is_sent_only_where_the_endpoint_asks_for_it(caller: SoapCaller) -> None:
    """A secret does not leave by default."""
    raw = answer(envelope(OK), media="text/xml")
    assert b"authorization" not in call(caller, raw)[2].lower()
    assert b"\r\nAuthorization: Basic " in call(caller, raw, settings={"auth": "basic"})[2]


def test_rendered_content_has_no_prolog_and_fits_an_envelope() -> None:
    """The bytes that are kept are the bytes inside the envelope."""
    element = etree.fromstring(CONTENT)
    content, media = render(SYSTEM, "guiHoSo", CALL, element)
    assert content == CONTENT
    assert media.startswith("text/xml")


def test_the_wsdl_offers_both_and_11_is_taken() -> None:
    """Unless the partner's quirk says 1.2."""
    both = [load_binding(FOLDER, "wsdl/thu.wsdl", prefer_12=prefer) for prefer in (False, True)]
    assert [b.version for b in both] == [Version.SOAP11, Version.SOAP12]
    assert both[0].actions["guiHoSo"] == "urn:he-thong-thu/guiHoSo"


@pytest.mark.parametrize(
    "location", ["http://127.0.0.1:1/x.xsd", "https://w3.example/x.xsd", "../../ngoai.xsd", "file:///etc/hostname"]
)
def test_a_wsdl_that_points_outside_its_folder_is_refused(tmp_path: Path, location: str) -> None:
    """Nothing is fetched, nothing outside is read."""
    folder = tmp_path / "he" / "thong"
    folder.mkdir(parents=True)
    (tmp_path / "ngoai.xsd").write_text('<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"/>')
    (folder / "s.wsdl").write_text(
        '<d:definitions xmlns:d="http://schemas.xmlsoap.org/wsdl/" xmlns:xs="http://www.w3.org/2001/XMLSchema" '
        'targetNamespace="urn:a"><d:types><xs:schema targetNamespace="urn:a">'
        f'<xs:import namespace="urn:b" schemaLocation="{location}"/></xs:schema></d:types></d:definitions>'
    )
    with pytest.raises(Refused) as caught:
        load_binding(folder, "s.wsdl", prefer_12=False)
    assert caught.value.problems[0].code in ("LT-WIRE-041", "LT-WIRE-042")


def test_a_mistake_in_the_folder_sends_nothing_and_says_what_it_is(caller: SoapCaller) -> None:
    """An operation that the WSDL does not know, or a WSDL that is none."""
    unknown = soap_system(operations={"guiHoSo": replace(CALL, service="guiHoSoo")})
    broken = soap_system(operations={"guiHoSo": CALL}, wsdl="wsdl/thu.xsd")
    for system, code in ((unknown, "LT-WIRE-043"), (broken, "LT-WIRE-042")):
        got = caller.send(order(system, "guiHoSo", CONTENT, address="http://partner.example/"))
        assert (got.fault, got.sent) == (Fault.CONNECT, False)
        assert code in got.detail


def test_wires_come_by_name_and_an_unknown_one_names_those_there_are() -> None:
    """A typing mistake in a manifest is a named problem."""
    assert set(wires()) >= {"soap", "portal", "json"}
    with pytest.raises(Refused) as caught:
        outbound("sopa")
    assert caught.value.problems[0].code == "LT-WIRE-044"
    assert "soap" in caught.value.problems[0].text_en


def test_a_whole_envelope_is_sent_as_it_was_made(caller: SoapCaller) -> None:
    """Where the map makes the envelope, nothing is wrapped around it: its header arrives."""
    system = soap_system(operations={"guiHoSo": CALL}, whole_envelope=True)
    made = f'<s:Envelope xmlns:s="{SOAP11}"><s:Header/><s:Body>{gui()}</s:Body></s:Envelope>'.encode()
    with serving(says(answer(envelope(OK), media="text/xml; charset=utf-8"))) as line:
        caller.send(order(system, "guiHoSo", made, address=line.address))
    _, _, body = line.requests[0].partition(b"\r\n\r\n")

    assert body == b'<?xml version="1.0" encoding="UTF-8"?>\n' + made
