"""The SOAP door reads both versions strictly and answers in kind."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lxml import etree

from adapters.adapter import Adapter
from adapters.manifest import Answer, AnswerKind, Auth, AuthRule
from adapters.wire.answer import FINE
from adapters.wire.contract import Call, HttpReply, HttpRequest, Said
from adapters.wire.soap_server import SoapDoor
from schemas.problem import Problem, Stage, problem
from tests.unit.wire.parts import GUI, IN_BAND, NAMESPACE, SOAP11, SOAP12, envelope, gui, request, soap_system

DOOR = SoapDoor()
XML = "text/xml; charset=utf-8"


def read(system: Adapter, asked: HttpRequest) -> Call:
    """The call, which the test expects to be understood."""
    call = DOOR.read(system, asked)
    assert isinstance(call, Call), call
    return call


def refused(system: Adapter, asked: HttpRequest) -> list[str]:
    """The codes of a request that must not be understood."""
    found = DOOR.read(system, asked)
    assert isinstance(found, tuple), found
    return [p.code for p in found]


def said(reply: HttpReply, path: str) -> str:
    """The text at a path of local names under the reply's body."""
    body = etree.fromstring(reply.body)[-1]
    found = body.find("/".join("{*}" + step for step in path.split("/")))
    assert found is not None, (path, reply.body)
    return found.text or ""


@pytest.mark.parametrize(("soap", "voice"), [(SOAP11, "soap11"), (SOAP12, "soap12")])
def test_both_versions_are_read_and_told_apart_by_namespace(soap: str, voice: str) -> None:
    """The envelope's namespace says which SOAP it is, whatever the Content-Type claims."""
    call = read(soap_system(), request(envelope(gui(), soap=soap), content_type=XML))
    assert (call.name, call.voice, call.problems) == ("guiHoSo", voice, ())
    assert call.credentials is not None
    assert (call.credentials.user, call.credentials.secret) == ("motcua.thu", "bí mật")
    assert "bí mật" not in repr(call.credentials)


def test_the_operation_is_found_from_the_body_without_soapaction() -> None:
    """A caller that sends no SOAPAction, or an empty one, is understood."""
    assert read(soap_system(), request(envelope(gui()), content_type=XML, soapaction='""')).name == "guiHoSo"


def test_a_soapaction_of_another_operation_is_refused() -> None:
    """A contradiction between SOAPAction and body is a named problem."""
    asked = request(envelope(gui()), content_type=XML, soapaction='"urn:he-thong-thu/hoiHoSo"')
    assert refused(soap_system(), asked) == ["LT-WIRE-009"]


def test_a_soapaction_of_nothing_known_is_passed_over() -> None:
    """Generated clients send all kinds of actions: only one that names another operation contradicts."""
    asked = request(envelope(gui()), content_type=XML, soapaction='"urn:khac/lung-tung"')
    assert read(soap_system(), asked).name == "guiHoSo"


def test_an_unknown_operation_names_the_nearest() -> None:
    """The problem quotes what came and proposes what there is."""
    body = envelope(gui().replace("guiHoSo", "guiHoSoo"))
    found = DOOR.read(soap_system(), request(body, content_type=XML))
    assert isinstance(found, tuple)
    assert found[0].code == "LT-WIRE-008"
    assert "guiHoSoo" in found[0].text_en
    assert "guiHoSo" in found[0].text_vi
    assert found[0].theirs is not None
    assert found[0].theirs.line == 1


def test_an_operation_in_a_wrong_namespace_is_told_which_one_is_right() -> None:
    """The commonest mistake of hand-written clients gets its own words."""
    found = DOOR.read(soap_system(), request(envelope(gui().replace(NAMESPACE, "urn:khac")), content_type=XML))
    assert isinstance(found, tuple)
    assert found[0].code == "LT-WIRE-011"
    assert NAMESPACE in found[0].text_en


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("<a/>", "LT-WIRE-004"),
        ('<Envelope xmlns="urn:khac"><Body/></Envelope>', "LT-WIRE-006"),
        (envelope(""), "LT-WIRE-005"),
        (envelope(gui() + gui()), "LT-WIRE-005"),
        (f'<a:Envelope xmlns:a="{SOAP11}"><b:Body xmlns:b="{SOAP12}">{gui()}</b:Body></a:Envelope>', "LT-WIRE-010"),
        (f'<a:Envelope xmlns:a="{SOAP11}"/>', "LT-WIRE-005"),
    ],
)
def test_what_is_no_envelope_is_refused_with_its_reason(body: str, code: str) -> None:
    """Each way not to be an envelope has its own code."""
    assert refused(soap_system(), request(body, content_type=XML)) == [code]


@pytest.mark.parametrize(
    ("body", "start"),
    [
        (b"<a", "LT-XML"),
        (b"", "LT-XML"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "LT-XML"),
        (b"<" * 300_000, "LT-XML"),
    ],
)
def test_hostile_or_broken_bytes_are_refused_by_the_parser(body: bytes, start: str) -> None:
    """Nothing hostile gets past the one parser."""
    assert refused(soap_system(), request(body, content_type=XML))[0].startswith(start)


def test_a_body_over_the_manifests_limit_is_refused() -> None:
    """The limit is the partner's own."""
    assert refused(soap_system(body_limit_bytes=100), request(envelope(gui()), content_type=XML))


def test_schema_mistakes_come_with_the_call_so_that_it_can_be_authenticated() -> None:
    """A readable call with wrong content carries its problems, with line and path."""
    body = envelope(gui(extra="<soTien>không</soTien>"))
    call = read(soap_system(), request(body, content_type=XML))
    assert call.credentials is not None
    assert call.problems
    assert all(p.theirs is not None for p in call.problems)


@pytest.mark.parametrize("soap", [SOAP11, SOAP12])
def test_a_header_that_must_be_understood_is_refused_in_kind(soap: str) -> None:
    """mustUnderstand on an unknown block gives the fault the standard wants."""
    header = '<w:Security xmlns:w="urn:wsse" s:mustUnderstand="1"/>'
    asked = request(envelope(gui(), soap=soap, header=header), content_type=XML)
    found = DOOR.read(soap_system(), asked)
    assert isinstance(found, tuple)
    assert found[0].code == "LT-WIRE-007"
    reply = DOOR.write(soap_system(), asked, None, Said(AnswerKind.INVALID, found))
    assert b"MustUnderstand" in reply.body
    if soap == SOAP12:
        assert b"NotUnderstood" in reply.body


def test_a_header_for_somebody_else_is_passed_over() -> None:
    """A block for another actor is not our business."""
    header = '<w:X xmlns:w="urn:x" s:mustUnderstand="1" s:actor="urn:khac"/>'
    assert read(soap_system(), request(envelope(gui(), header=header), content_type=XML)).name == "guiHoSo"


@pytest.mark.parametrize(
    ("content_type", "prolog", "code"),
    [
        ("application/json", "", "LT-WIRE-001"),
        ("multipart/related; boundary=x", "", "LT-WIRE-001"),
        ("text/xml; charset=utf-8", '<?xml version="1.0" encoding="iso-8859-1"?>', "LT-WIRE-003"),
        ("text/xml; charset=klingon", "", "LT-TEXT-001"),
    ],
)
def test_content_types_and_charsets_that_cannot_be_meant_are_refused(content_type: str, prolog: str, code: str) -> None:
    """Wrong types, unknown charsets and contradictions are typed problems."""
    assert refused(soap_system(), request(prolog + envelope(gui()), content_type=content_type)) == [code]


def test_bytes_that_are_not_in_the_declared_charset_are_refused() -> None:
    """Latin-1 bytes under a UTF-8 name do not become question marks."""
    body = envelope(gui()).encode("utf-8").replace("ị".encode(), b"\xec")
    assert refused(soap_system(), request(body, content_type=XML))[0].startswith("LT-TEXT")


def test_utf16_with_its_mark_is_read() -> None:
    """.NET clients that send UTF-16 are understood."""
    body = ('<?xml version="1.0" encoding="utf-16"?>' + envelope(gui())).encode("utf-16")
    assert read(soap_system(), request(body, content_type="text/xml; charset=utf-16")).name == "guiHoSo"


def test_a_declared_liar_about_its_charset_is_believed_where_declared() -> None:
    """The quirk lets one partner through; everybody else stays strict."""
    body = '<?xml version="1.0" encoding="utf-16"?>' + envelope(gui())
    liar = soap_system(quirks=("declared-charset-lies",))
    assert read(liar, request(body, content_type="text/xml")).name == "guiHoSo"
    assert refused(soap_system(), request(body, content_type="text/xml"))


def test_marks_before_the_prolog_need_the_quirk() -> None:
    """Two byte order marks are a declared quirk, not a tolerance."""
    body = b"\xef\xbb\xbf\xef\xbb\xbf \n" + b'<?xml version="1.0"?>' + envelope(gui()).encode()
    assert read(soap_system(quirks=("bom-before-prolog",)), request(body, content_type=XML)).name == "guiHoSo"
    assert refused(soap_system(), request(body, content_type=XML))


def test_answers_are_filled_in_the_schemas_order() -> None:
    """The manifest may list fields in any order; the reply is valid all the same."""
    system = soap_system(answers=IN_BAND)
    asked = request(envelope(gui()), content_type=XML)
    call = read(system, asked)
    found = (problem("LT-WIRE-005", Stage.PARSE, {"count": 2}),)
    reply = DOOR.write(system, asked, call, Said(AnswerKind.INVALID, found))
    assert reply.status == 200
    assert said(reply, "guiHoSoResponse/return/loi") == "1"
    assert "LT-WIRE-005" in said(reply, "guiHoSoResponse/return/loiNhan")
    answer = etree.fromstring(reply.body)[0][0]
    assert system.schema.check(answer, stage=Stage.VALIDATE_OUT) == ()


@pytest.mark.parametrize(
    ("soap", "kind", "status", "code"),
    [
        (SOAP11, AnswerKind.INVALID, 500, "soap:Client"),
        (SOAP12, AnswerKind.INVALID, 400, "soap:Sender"),
        (SOAP11, AnswerKind.UNAVAILABLE, 500, "soap:Server"),
        (SOAP12, AnswerKind.UNAVAILABLE, 500, "soap:Receiver"),
        (SOAP11, AnswerKind.UNAUTHENTICATED, 500, "soap:Client"),
        (SOAP12, AnswerKind.CONFLICT, 400, "soap:Sender"),
    ],
)
def test_faults_speak_the_callers_version(soap: str, kind: AnswerKind, status: int, code: str) -> None:
    """Fault code, HTTP status and media type are those of the caller's SOAP."""
    system = soap_system()
    asked = request(envelope(gui(), soap=soap), content_type=XML)
    reply = DOOR.write(system, asked, read(system, asked), Said(kind, (_finding(),)))
    assert reply.status == status
    assert code.encode() in reply.body
    expected = "text/xml" if soap == SOAP11 else "application/soap+xml"
    assert reply.headers["content-type"].startswith(expected)
    assert b"urn:lienthong:problem:1" in reply.body


def test_the_answers_status_wins_for_faults() -> None:
    """A partner that wants 400 for SOAP 1.1 faults gets 400."""
    system = soap_system(answers={AnswerKind.INVALID: Answer(status=400, fault=True)})
    asked = request(envelope(gui()), content_type=XML)
    assert DOOR.write(system, asked, read(system, asked), Said(AnswerKind.INVALID, (_finding(),))).status == 400


def test_the_typed_detail_tells_code_place_and_next_step_but_no_quote() -> None:
    """What stands in the message at the place is never repeated in a fault."""
    asked = request(envelope(gui()), content_type=XML)
    reply = DOOR.write(soap_system(), asked, None, Said(AnswerKind.INVALID, (_finding(),)))
    for step, text in (("code", "LT-WIRE-021"), ("place/line", "7"), ("place/path", "/a/b")):
        assert said(reply, f"Fault/detail/problems/problem/{step}") == text
    assert said(reply, "Fault/detail/problems/problem/do")
    assert "Nguyễn Văn Mật".encode() not in reply.body


@pytest.mark.parametrize("kind", [k for k in AnswerKind if k not in FINE])
@pytest.mark.parametrize("soap", [SOAP11, SOAP12])
def test_everything_can_be_said_to_a_call_nobody_understood(kind: AnswerKind, soap: str) -> None:
    """Whatever happens, the caller gets a well-formed answer in its version."""
    asked = request(b"<nonsense xmlns='" + soap.encode() + b"'", content_type=XML)
    reply = DOOR.write(soap_system(), asked, None, Said(kind))
    assert etree.QName(etree.fromstring(reply.body)).namespace == soap


def test_a_one_way_operation_is_answered_202_without_body() -> None:
    """An operation without reply element has nothing to say but that it was taken."""
    system = soap_system(operations={"guiHoSo": replace(GUI, reply_element="")}, answers={})
    asked = request(envelope(gui()), content_type=XML)
    reply = DOOR.write(system, asked, read(system, asked), Said(AnswerKind.ACCEPTED))
    assert (reply.status, reply.body) == (202, b"")


def test_a_ready_payload_is_the_reply() -> None:
    """Pull and ask bring their whole reply element."""
    system = soap_system()
    asked = request(envelope(gui()), content_type=XML)
    payload = etree.fromstring(f'<t:hoiHoSoResponse xmlns:t="{NAMESPACE}"><hoSo><ma>7</ma></hoSo></t:hoiHoSoResponse>')
    reply = DOOR.write(system, asked, read(system, asked), Said(AnswerKind.ACCEPTED, payload=payload))
    assert said(reply, "hoiHoSoResponse/hoSo/ma") == "7"


def test_basic_and_header_credentials_are_taken_from_where_they_travel() -> None:
    """The manifest says where; nothing else is looked at."""
    basic = soap_system(auth=AuthRule(Auth.BASIC))
    call = read(basic, request(envelope(gui()), content_type=XML, authorization="Basic dGh1OmLDrSBt4bqtdA=="))
    assert call.credentials is not None
    assert (call.credentials.user, call.credentials.secret) == ("thu", "bí mật")
    header = soap_system(auth=AuthRule(Auth.HEADER, header="X-Khoa"))
    call = read(header, request(envelope(gui()), content_type=XML, x_khoa="abc"))
    assert call.credentials is not None
    assert call.credentials.secret == "abc"
    assert read(header, request(envelope(gui()), content_type=XML)).credentials is None


def test_wrong_basic_credentials_are_answered_with_401() -> None:
    """HTTP's own way to ask for a password, with the SOAP fault inside."""
    basic = soap_system(auth=AuthRule(Auth.BASIC))
    asked = request(envelope(gui()), content_type=XML, authorization="Basic !!!")
    call = read(basic, asked)
    assert call.credentials is None
    reply = DOOR.write(basic, asked, call, Said(AnswerKind.UNAUTHENTICATED))
    assert reply.status == 401
    assert reply.headers["www-authenticate"].startswith("Basic ")


def test_control_characters_in_a_text_do_not_break_the_answer() -> None:
    """A reason that quotes odd bytes is still sayable in XML."""
    system = soap_system()
    asked = request(envelope(gui()), content_type=XML)
    odd = problem("LT-WIRE-008", Stage.PARSE, {"operation": "a\x00\ud800b", "nearest": "–"})
    reply = DOOR.write(system, asked, None, Said(AnswerKind.INVALID, (odd,)))
    assert "a\ufffd\ufffdb" in said(reply, "Fault/faultstring")


def _finding() -> Problem:
    from schemas.problem import Place

    found = problem("LT-WIRE-021", Stage.PARSE, {"name": "x", "nearest": "y"})
    return found.at(theirs=Place("message", 7, "/a/b", quote="Nguyễn Văn Mật"))
