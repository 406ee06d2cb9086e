"""The JSON door: callbacks by path, both casings, the bare array with query parameters, replies typed by the schema."""

from __future__ import annotations

import json

import pytest

from adapters.adapter import Adapter
from adapters.manifest import AnswerKind, Auth, AuthRule
from adapters.wire.contract import Call, HttpRequest, Said
from adapters.wire.json_server import JsonDoor
from schemas.problem import Stage, problem
from tests.unit.wire.parts import portal_system, request

DOOR = JsonDoor()
JSON = "application/json; charset=utf-8"
BODY = json.dumps({"securityKey": "k", "service": "NhanHoSo", "isUpdating": False, "data": {"MaHoSo": "QG-1"}})


def read(asked: HttpRequest, *, system: Adapter | None = None) -> Call:
    """The call, which the test expects to be found."""
    call = DOOR.read(system or portal_system(), asked)
    assert isinstance(call, Call), call
    return call


@pytest.mark.parametrize(
    "path",
    ["/nhanHoSo", "/XrdAdapter/RestService/forward/nhanHoSo", "nhanHoSo/", "/search/call", "/o/rest/search/call"],
)
def test_an_operation_is_found_by_the_end_of_its_path(path: str) -> None:
    """With or without the adapter's prefix."""
    call = read(request(BODY, path=path, content_type=JSON))
    assert call.name == ("search/call" if "search" in path else "nhanHoSo")
    assert call.problems == ()
    assert call.payload.findtext("data/MaHoSo") == "QG-1"


def test_a_path_that_only_resembles_an_operation_is_unknown() -> None:
    """The end is compared in whole steps, and operations we call are none that can be called."""
    for path in ("/xnhanHoSo", "/DongBo", "/"):
        found = DOOR.read(portal_system(), request(BODY, path=path, content_type=JSON))
        assert isinstance(found, tuple), path
        assert found[0].code == "LT-WIRE-008"


def test_both_casings_of_the_envelope_are_read() -> None:
    """Some callers begin the envelope's members with capital letters."""
    body = json.dumps({"SecurityKey": "k", "Service": "X", "IsUpdating": True, "Data": {"MaHoSo": "1"}})
    call = read(request(body, path="/nhanHoSo", content_type=JSON))
    assert call.problems == ()
    assert call.credentials is not None
    assert call.credentials.secret == "k"


def test_one_member_in_both_casings_is_refused() -> None:
    """Nobody can say which of the two was meant."""
    body = json.dumps({"SecurityKey": "k", "securityKey": "l", "data": {"MaHoSo": "1"}})
    assert [p.code for p in read(request(body, path="/nhanHoSo", content_type=JSON)).problems] == ["LT-WIRE-029"]


@pytest.mark.parametrize(
    ("body", "code"),
    [("{", "LT-JSON-004"), ('{"a":1,"a":2}', "LT-JSON-005"), ("[" * 500 + "]" * 500, "LT-JSON"), ("7", "LT-WIRE-023")],
)
def test_broken_json_is_a_call_with_problems(body: str, code: str) -> None:
    """The path already said which operation it is, so the answer has its form."""
    problems = read(request(body, path="/nhanHoSo", content_type=JSON)).problems
    assert problems[0].code.startswith(code)


def test_a_wrong_content_type_or_charset_is_refused() -> None:
    """JSON is JSON, and UTF-8."""
    assert read(request(BODY, path="/nhanHoSo", content_type="text/xml")).problems[0].code == "LT-WIRE-001"
    latin = "application/json; charset=iso-8859-1"
    assert read(request(BODY, path="/nhanHoSo", content_type=latin)).problems[0].code == "LT-WIRE-002"


def test_a_byte_order_mark_is_no_problem() -> None:
    """Gateways add them."""
    assert read(request(b"\xef\xbb\xbf" + BODY.encode(), path="/nhanHoSo", content_type=JSON)).problems == ()


def test_the_bare_array_takes_query_parameters_beside_it() -> None:
    """`DongBoHoSoMC?MaDinhDanhDV=…&isUpdating=True` with the array as body, whatever the parameters' casing."""
    asked = request(
        '[{"MaHoSo":"1"},{"MaHoSo":"2"}]',
        path="/DongBoMang",
        query={"madinhdanhdv": "000.00.01.H99", "isUpdating": "True", "dstcode": "VN:GOV:x"},
        content_type=JSON,
    )
    call = read(asked)
    assert call.problems == ()
    assert [child.tag for child in call.payload] == ["MaDinhDanhDV", "isUpdating", "HoSo", "HoSo"]
    assert call.payload.findtext("isUpdating") == "True"


def test_a_misspelt_query_parameter_is_refused() -> None:
    """Passing over it would turn an update into a new dossier."""
    asked = request("[]", path="/DongBoMang", query={"isUpdate": "True"}, content_type=JSON)
    found = read(asked).problems
    assert [p.code for p in found] == ["LT-WIRE-021"]
    assert "isUpdating" in found[0].text_en


@pytest.mark.parametrize("kind", list(AnswerKind))
def test_replies_are_always_200_with_the_code_typed_by_the_schema(kind: AnswerKind) -> None:
    """error_code is a number because the schema says so."""
    asked = request(BODY, path="/nhanHoSo", content_type=JSON)
    reply = DOOR.write(portal_system(), asked, read(asked), Said(kind))
    value = json.loads(reply.body)
    assert reply.status == 200
    assert value["error_code"] in (0, 1, -1)
    assert (value["error_code"] == 0) is (kind is AnswerKind.ACCEPTED)


def test_a_call_not_understood_is_answered_in_the_portals_form() -> None:
    """Also an unknown path gets error_code and message."""
    asked = request(BODY, path="/la", content_type=JSON)
    found = DOOR.read(portal_system(), asked)
    assert isinstance(found, tuple)
    value = json.loads(DOOR.write(portal_system(), asked, None, Said(AnswerKind.INVALID, found)).body)
    assert str(value["error_code"]) == "-1"
    assert "LT-WIRE-008" in value["message"]


def test_too_large_is_413_also_here() -> None:
    """HTTP has its own word for it, and the body says why."""
    found = problem("LT-DOOR-002", Stage.RECEIVE, {"limit": 5})
    reply = DOOR.write(portal_system(), request(path="/nhanHoSo"), None, Said(AnswerKind.INVALID, (found,)))
    assert reply.status == 413
    assert json.loads(reply.body)["error_code"] == -1


def test_a_payload_is_written_by_the_reply_elements_schema() -> None:
    """Answers to questions are flat objects as the schema describes them."""
    system = portal_system()
    asked = request(BODY, path="/nhanHoSo", content_type=JSON)
    from lxml import etree

    payload = etree.fromstring("<TraLoi><error_code>0</error_code><message>Đã có</message></TraLoi>")
    reply = DOOR.write(system, asked, read(asked), Said(AnswerKind.ACCEPTED, payload=payload))
    assert json.loads(reply.body) == {"error_code": 0, "message": "Đã có"}


def test_a_signature_header_is_the_credential_where_declared() -> None:
    """The door has it verified over the body."""
    system = portal_system(auth=AuthRule(Auth.JWS, header="X-Chu-Ky"))
    call = read(request(BODY, path="/nhanHoSo", content_type=JSON, x_chu_ky="a..b"), system=system)
    assert call.credentials is not None
    assert (call.credentials.user, call.credentials.secret) == ("", "a..b")
