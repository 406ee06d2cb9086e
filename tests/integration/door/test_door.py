"""The door over real HTTP: authenticates, bounds, reads, hands over, and answers in the caller's protocol."""

from __future__ import annotations

import contextlib
import gzip
import json
import logging
import resource
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import urllib3
from lxml import etree

from adapters.manifest import AnswerKind, Auth, AuthRule
from adapters.wire.contract import Said
from bus.web.door import DoorRules
from tests.integration.door.running import Beyond, Running, running
from tests.unit.wire.parts import IN_BAND, SOAP11, SOAP12, envelope, gui, portal_system, soap_system

XML = {"Content-Type": "text/xml; charset=utf-8"}
JSON = {"Content-Type": "application/json"}
HTTP = urllib3.PoolManager()


@pytest.fixture
def door() -> Iterator[Running]:
    """A SOAP system and a JSON one."""
    with running(soap_system(answers=IN_BAND), portal_system()) as made:
        yield made


def post(
    door: Running, path: str, body: bytes | str, headers: dict[str, str] | None = None
) -> urllib3.BaseHTTPResponse:
    """One POST."""
    raw = body.encode() if isinstance(body, str) else body
    return HTTP.request("POST", door.address + path, body=raw, headers=headers or XML, retries=False, timeout=20)


def test_a_valid_call_is_handed_over_with_its_party_and_answered(door: Running) -> None:
    """The floor beyond gets the call, the raw bytes and who called."""
    body = envelope(gui())
    got = post(door, "/thu", body)
    assert got.status == 200
    assert b"<loi>0</loi>" in got.data
    ((call, request, party),) = door.beyond.calls
    assert (call.name, request.body, party.agency) == ("guiHoSo", body.encode(), "H99.12")
    assert request.address == f"{door.address}/thu"
    assert request.peer == "127.0.0.1"


@pytest.mark.parametrize("soap", [SOAP11, SOAP12])
def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(soap: str) -> None:
    """Nothing tells a stranger which half was wrong, and nothing is handed over or kept."""
    with running(soap_system()) as door:
        wrong = post(door, "/thu", envelope(gui(password="sai"), soap=soap))
        unknown = post(door, "/thu", envelope(gui(password="sai").replace("motcua.thu", "ai.do"), soap=soap))
        assert (wrong.status, wrong.data) == (unknown.status, unknown.data)
        assert b"LT-DOOR-001" in wrong.data
        assert wrong.status == (500 if soap == SOAP11 else 400)
        assert door.beyond.calls == door.beyond.refused == []


def test_an_in_band_answer_to_wrong_credentials_is_200_where_declared(door: Running) -> None:
    """CMON's way: errCode inside, HTTP 200."""
    got = post(door, "/thu", envelope(gui(password="sai")))
    assert got.status == 200
    assert b"<loi>3</loi>" in got.data


def test_wrong_content_is_only_explained_to_those_who_may_call(door: Running) -> None:
    """A stranger with an invalid message hears about its credentials, not about our schema."""
    bad = gui(extra="<la/>")
    stranger = post(door, "/thu", envelope(bad.replace("bí mật", "sai")))
    assert b"<loi>3</loi>" in stranger.data
    caller = post(door, "/thu", envelope(bad))
    assert b"<loi>1</loi>" in caller.data
    ((request, problems, party),) = door.beyond.refused
    assert problems
    assert party == "thu"
    assert request.body == envelope(bad).encode()


def test_what_nobody_can_read_is_kept_as_evidence_within_a_budget() -> None:
    """Rubbish of strangers cannot fill the journal."""
    with running(soap_system(), rules=DoorRules(evidence_burst=3, evidence_per_s=0.0)) as door:
        answers = [post(door, "/thu", "<matKhau>lộ</matKhau><a") for _ in range(10)]
        assert {a.status for a in answers} == {500}
        assert len(door.beyond.refused) == 3


def test_a_key_in_a_header_is_checked_before_the_body_is_read() -> None:
    """A stranger does not get as far as the parser; a caller does."""
    with running(portal_system(auth=AuthRule(Auth.HEADER, header="X-Khoa"), secrets=())) as door:
        body = json.dumps({"securityKey": "x", "data": {"MaHoSo": "1"}})
        for headers in (JSON, {**JSON, "X-Khoa": "sai"}):
            got = post(door, "/cong_thu/nhanHoSo", "{ không phải JSON", headers)
            assert "LT-DOOR-001" in got.data.decode()
        key = {**JSON, "X-Khoa": "bí mật".encode().decode("latin-1")}
        assert json.loads(post(door, "/cong_thu/nhanHoSo", body, key).data) == {"error_code": 0, "message": ""}
        assert "LT-JSON" in post(door, "/cong_thu/nhanHoSo", "{", key).data.decode()
        assert len(door.beyond.calls) == 1


def test_a_strangers_body_is_not_waited_for_where_the_header_tells_who_calls() -> None:
    """The refusal comes while the body is still on its way: a stranger cannot fill our memory with it."""
    with running(portal_system(auth=AuthRule(Auth.HEADER, header="X-Khoa"), secrets=())) as door:
        with socket.create_connection(("127.0.0.1", door.port)) as client:
            client.sendall(
                b"POST /cong_thu/nhanHoSo HTTP/1.1\r\nHost: x\r\nX-Khoa: sai\r\nContent-Length: 9000\r\n\r\n{"
            )
            client.settimeout(5)
            answer = client.recv(65536)
        assert b"LT-DOOR-001" in answer


def test_the_adapters_prefix_is_accepted_before_a_callbacks_name(door: Running) -> None:
    """The portal calls through security servers that keep their own path."""
    body = json.dumps({"SecurityKey": "bí mật", "Data": {"MaHoSo": "1"}})
    got = post(door, "/cong_thu/XrdAdapter/RestService/forward/search/call", body, JSON)
    assert (got.status, json.loads(got.data)["error_code"]) == (200, 0)
    assert door.beyond.calls[0][0].name == "search/call"


def test_an_unknown_door_and_a_wrong_method_have_their_own_answers(door: Running) -> None:
    """404 and 405, each with a code."""
    unknown = post(door, "/khong-co", "x")
    assert unknown.status == 404
    assert json.loads(unknown.data)["code"] == "LT-DOOR-005"
    got = HTTP.request("GET", door.address + "/thu", retries=False)
    assert (got.status, got.headers["allow"]) == (405, "POST")
    for path in ("/docs", "/openapi.json", "/redoc"):
        assert HTTP.request("GET", door.address + path, retries=False).status == 404


def test_a_system_nobody_calls_has_no_door() -> None:
    """Without [auth] there is no door to knock at: none is open by default."""
    with running(soap_system(auth=None)) as door:
        assert post(door, "/thu", envelope(gui())).status == 404


@pytest.mark.parametrize("failure", [RuntimeError("Nguyễn Thị Thử 099000001"), KeyError("bí mật")])
def test_whatever_breaks_is_answered_as_try_again_with_a_reference(
    failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """No trace for the caller; the place of the error, but not its words, for the log."""
    beyond = Beyond(answer=failure)
    with running(soap_system(), beyond=beyond) as door, caplog.at_level(logging.INFO, "lienthong"):
        got = post(door, "/thu", envelope(gui()))
    assert got.status == 500
    assert b"soap:Server" in got.data
    assert "retry-after" in got.headers
    reference = etree.fromstring(got.data).findtext(".//{*}problem/{*}vi") or ""
    assert reference.split("tham chiếu ")[1].rstrip(")") in caplog.text
    for text in (got.data.decode(), caplog.text):
        assert "Traceback" not in text
        assert "099000001" not in text
        assert "bí mật" not in text
    assert "running.py" in caplog.text


def test_an_answer_that_cannot_be_written_is_still_an_answer() -> None:
    """A manifest that names a field the schema lacks does not leave the caller without reply."""
    from adapters.manifest import Answer

    system = soap_system(answers={AnswerKind.ACCEPTED: Answer(fields={"khong/co": "x"})})
    with running(system) as door:
        got = post(door, "/thu", envelope(gui()))
    assert got.status == 500
    assert b"LT-DOOR-007" in got.data


def test_unavailable_from_beyond_is_a_server_fault(door: Running) -> None:
    """Nothing was taken: the caller may send again."""
    door.beyond.answer = Said(AnswerKind.UNAVAILABLE)
    got = post(door, "/thu", envelope(gui(), soap=SOAP12))
    assert got.status == 500
    assert b"soap:Receiver" in got.data


@pytest.mark.parametrize("path", ["/thu", "/cong_thu/nhanHoSo"])
def test_an_announced_giant_is_refused_in_the_partners_protocol_unread(path: str) -> None:
    """413 before a byte of the body is read."""
    with running(soap_system(body_limit_bytes=10_000), portal_system(body_limit_bytes=10_000)) as door:
        with socket.create_connection(("127.0.0.1", door.port)) as client:
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 100000000\r\n\r\n"
            client.sendall(head.encode())
            client.settimeout(5)
            answer = client.recv(65536)
        assert answer.startswith(b"HTTP/1.1 413")
        assert b"LT-DOOR-002" in answer


@pytest.mark.parametrize("chunked", [True, False])
def test_a_hundred_megabytes_cost_no_memory_and_get_their_413(chunked: bool) -> None:
    """The whole body is sent, the answer is read, and nothing was kept of it."""
    size, piece = 100_000_000, b"x" * 65_536

    def pieces() -> Iterator[bytes]:
        for _ in range(size // len(piece)):
            yield piece

    with running(soap_system()) as door:
        post(door, "/thu", envelope(gui()))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        headers = dict(XML) if chunked else {**XML, "Content-Length": str(size // len(piece) * len(piece))}
        got = HTTP.request("POST", door.address + "/thu", body=pieces(), headers=headers, retries=False, timeout=60)
        grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        assert got.status == 413
        assert b"Fault" in got.data
        assert grown_mb < 10 + 16 + 4  # the system's limit, our allowance, and this test's own client
        assert post(door, "/thu", envelope(gui())).status == 200


def test_packed_content_is_refused_and_never_unpacked(door: Running) -> None:
    """A gzip bomb stays a few bytes."""
    bomb = gzip.compress(b"\0" * 20_000_000)
    got = post(door, "/thu", bomb, {**XML, "Content-Encoding": "gzip"})
    assert got.status == 415
    assert b"LT-DOOR-003" in got.data


def test_a_body_that_comes_too_slowly_is_refused_while_others_are_served() -> None:
    """A slow caller holds up nobody, and hears 408 in its own protocol."""
    with running(soap_system(), rules=DoorRules(body_s=0.5)) as door:
        with socket.create_connection(("127.0.0.1", door.port)) as slow:
            slow.sendall(b"POST /thu HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 500\r\n\r\n<a")
            assert post(door, "/thu", envelope(gui())).status == 200
            slow.settimeout(5)
            started = time.monotonic()
            answer = slow.recv(65536)
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"LT-DOOR-004" in answer
        assert time.monotonic() - started < 2


def test_unfinished_large_bodies_are_held_within_one_room_and_small_ones_always_pass() -> None:
    """However many connections a stranger opens, what they send together is bounded; who comes then hears "again"."""
    head = b"POST /thu HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 9000000\r\n\r\n"
    with running(soap_system(), rules=DoorRules(room_bytes=1_000_000)) as door, contextlib.ExitStack() as stack:
        answers = []
        for _ in range(4):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", door.port)))
            client.sendall(head + b"x" * 500_000)
            client.settimeout(0.5)
            with contextlib.suppress(TimeoutError):
                answers.append(client.recv(65536))
        assert len(answers) == 2
        assert all(answer.startswith(b"HTTP/1.1 500") for answer in answers)
        assert all(b"LT-DOOR-009" in answer and b"retry-after" in answer for answer in answers)
        assert post(door, "/thu", envelope(gui())).status == 200
        stack.close()
        time.sleep(0.2)
        assert b"LT-DOOR-009" not in post(door, "/thu", b"<a>" + b"x" * 900_000 + b"</a>").data


def test_a_caller_that_hangs_up_leaves_nothing_behind(door: Running) -> None:
    """Half a body and gone: not handed over, and the door goes on."""
    with socket.create_connection(("127.0.0.1", door.port)) as client:
        client.sendall(b"POST /thu HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n<a")
    assert post(door, "/thu", envelope(gui())).status == 200
    assert len(door.beyond.calls) == 1


@pytest.mark.parametrize(
    "head",
    [
        b"POST /thu HTTP/1.1\r\nHost: x\r\n" + b"X-A: " + b"a" * 40_000 + b"\r\n\r\n",
        b"POST /thu HTTP/1.1\r\nHost: x\r\n" + b"X-A: a\r\n" * 150 + b"\r\n",
        b"POST /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_heads_without_measure_are_cut_off(door: Running, head: bytes) -> None:
    """Size and number of headers are bounded."""
    with socket.create_connection(("127.0.0.1", door.port)) as client:
        client.settimeout(5)
        try:
            client.sendall(head)
            answer = client.recv(65536)
        except ConnectionError:
            answer = b""
        assert answer == b"" or answer.startswith(b"HTTP/1.1 400")
    assert post(door, "/thu", envelope(gui())).status == 200


def test_a_head_that_never_ends_is_cut_off_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it trickles or says nothing at all."""
    monkeypatch.setattr("bus.web.protocol.HEAD_S", 0.4)
    with running(soap_system()) as door:
        for start in (b"", b"POST /thu HTTP/1.1\r\nHost: x\r\n"):
            with socket.create_connection(("127.0.0.1", door.port)) as client:
                client.sendall(start)
                client.settimeout(5)
                started = time.monotonic()
                with contextlib.suppress(ConnectionResetError):
                    assert client.recv(100) == b""
                assert time.monotonic() - started < 2


def test_many_calls_at_once_are_all_answered(door: Running) -> None:
    """A hundred callers, one slow floor beyond."""
    door.beyond.slow_s = 0.1
    statuses: list[int] = []

    def call(number: int) -> None:
        statuses.append(post(door, "/thu", envelope(gui(ma=f"H99-{number}"))).status)

    threads = [threading.Thread(target=call, args=(n,)) for n in range(100)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert statuses == [200] * 100
    assert time.monotonic() - started < 8  # one after the other would take ten
    assert len({call.payload.findtext("hoSo/ma") for call, _, _ in door.beyond.calls}) == 100


def test_stopping_answers_what_is_under_way() -> None:
    """A graceful end: the caller in the middle still hears its answer."""
    beyond = Beyond(slow_s=0.8)
    answers: list[int] = []
    with running(soap_system(), beyond=beyond) as door:
        thread = threading.Thread(target=lambda: answers.append(post(door, "/thu", envelope(gui())).status))
        thread.start()
        while not beyond.calls:
            time.sleep(0.01)
    thread.join(10)
    assert answers == [200]


def test_neither_body_nor_secret_is_logged(door: Running, caplog: pytest.LogCaptureFixture) -> None:
    """One line a call, with ids and codes."""
    with caplog.at_level(logging.DEBUG):
        post(door, "/thu", envelope(gui()))
        post(door, "/thu", envelope(gui(extra="<la>Nguyễn Văn Mật</la>")))
    assert "kind=accepted" in caplog.text
    assert "kind=invalid" in caplog.text
    for secret in ("bí mật", "Nguyễn", "matKhau"):
        assert secret not in caplog.text
