"""The portal's caller: one login, the envelope with untouched data, replies of every odd shape."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import etree

from adapters.replies import classify
from adapters.wire.contract import Fault
from adapters.wire.http_client import HttpClient
from adapters.wire.json_client import JsonCaller
from adapters.wire.portal import PortalCaller
from adapters.wire.registry import render
from tests.unit.wire.lines import Line, answer, says, serving
from tests.unit.wire.parts import order, portal_system

SYSTEM = portal_system()
CONTENT = b'[{"MaHoSo":"H99-1", "GhiChu":"\xc4\x90\xc6\xa1n"}]'  # with a space nobody may take out
OK = answer('{"error_code":0,"message":"","result":[]}')


@pytest.fixture
def caller() -> Iterator[PortalCaller]:
    """A caller with its own connections and sessions."""
    http = HttpClient()
    yield PortalCaller(http)
    http.close()


def portal(*replies: bytes, login: bytes | None = None, slow_login_s: float = 0.0) -> _Portal:
    """A scripted portal: logins are answered with numbered sessions, calls with `replies` in turn."""
    return _Portal(list(replies), login, slow_login_s)


class _Portal:
    def __init__(self, replies: list[bytes], login: bytes | None, slow_login_s: float) -> None:
        self.logins = 0
        self._replies, self._login, self._slow_s = replies, login, slow_login_s

    def __call__(self, open_socket: socket.socket, request: bytes) -> None:
        if b"mapi/login" in request.split(b"\r\n")[0]:
            self.logins += 1
            time.sleep(self._slow_s)
            made = answer(json.dumps({"session": f"phien-{self.logins}", "error_code": 0}))
            open_socket.sendall(self._login or made)
        else:
            open_socket.sendall(self._replies.pop(0) if len(self._replies) > 1 else self._replies[0])


def parts(request: bytes) -> tuple[str, dict[str, str], bytes]:
    """Target, headers (lower case) and body of a request."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *rest = head.decode().split("\r\n")
    return first.split(" ")[1], {h.split(": ")[0].lower(): h.split(": ", 1)[1] for h in rest}, body


def test_the_envelope_ends_with_the_content_byte_for_byte(caller: PortalCaller) -> None:
    """session, madonvi, service, isUpdating, and data as the last member, unchanged."""
    with serving(portal(OK)) as line:
        sent = order(
            SYSTEM, "DongBo", CONTENT, address=line.address, signature="a..b",
            settings={"madonvi": "000.00.00.H99", "dstcode": "VN:GOV:x", "providerurl": "http://p.example/a b"},
        )  # fmt: skip
        got = caller.send(sent)
        assert got.fault is Fault.NONE
        path, headers, body = parts(line.requests[-1])
    assert body.endswith(b',"data":' + CONTENT + b"}")
    value = json.loads(body)
    assert list(value) == ["session", "madonvi", "service", "isUpdating", "data"]
    assert (value["session"], value["madonvi"], value["service"]) == ("phien-1", "000.00.00.H99", "DongBo")
    assert value["isUpdating"] == "False"
    assert parse_qs(urlsplit(path).query) == {"dstcode": ["VN:GOV:x"], "providerurl": ["http://p.example/a b"]}
    assert headers["charset"] == "utf-8"
    assert headers["x-chu-ky"] == "a..b"
    assert headers["x-lienthong-id"] == "0" * 32


def test_dstcode_travels_as_a_header_where_the_upstream_wants_it(caller: PortalCaller) -> None:
    """Query or header, per upstream, also for the login."""
    with serving(portal(OK)) as line:
        settings = {"dstcode": "VN:GOV:x", "dstcode_in": "header"}
        caller.send(order(SYSTEM, "DongBo", CONTENT, address=line.address, settings=settings))
        for request in line.requests:
            path, headers, _ = parts(request)
            assert headers["dstcode"] == "VN:GOV:x"
            assert "dstcode" not in path


def test_an_update_says_so_in_text(caller: PortalCaller) -> None:
    """isUpdating is the text "True", not a boolean."""
    with serving(portal(OK)) as line:
        caller.send(order(SYSTEM, "DongBo", CONTENT, address=line.address, variant="update"))
        assert json.loads(parts(line.requests[-1])[2])["isUpdating"] == "True"


def test_a_question_puts_its_members_at_the_top(caller: PortalCaller) -> None:
    """TraCuuHoSo has no data and no isUpdating."""
    with serving(portal(OK)) as line:
        caller.send(order(SYSTEM, "TraCuu", b'{"mahoso":"H99-1"}', address=line.address))
        value = json.loads(parts(line.requests[-1])[2])
    assert value == {"session": "phien-1", "madonvi": "", "service": "TraCuu", "mahoso": "H99-1"}


def test_one_login_serves_many_calls(caller: PortalCaller) -> None:
    """The session is kept."""
    played = portal(OK)
    with serving(played) as line:
        for _ in range(3):
            caller.send(order(SYSTEM, "DongBo", CONTENT, address=line.address))
    assert played.logins == 1


def test_twenty_threads_log_in_once(caller: PortalCaller) -> None:
    """A slow login is waited for, not repeated."""
    played = portal(OK, slow_login_s=0.2)
    faults: list[Fault] = []
    with serving(played) as line:

        def work() -> None:
            faults.append(caller.send(order(SYSTEM, "DongBo", CONTENT, address=line.address)).fault)

        threads = [threading.Thread(target=work) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert faults == [Fault.NONE] * 20
    assert played.logins == 1


def test_forgetting_logs_in_anew_but_not_twice_for_one_session(caller: PortalCaller) -> None:
    """Two threads that saw the same session expire cause one new login."""
    played = portal(OK)
    with serving(played) as line:
        sent = order(SYSTEM, "DongBo", CONTENT, address=line.address)
        caller.send(sent)
        barrier = threading.Barrier(2)

        def work() -> None:
            caller.send(sent)
            barrier.wait(5)
            caller.forget_login("dau_cuoi")
            caller.send(sent)

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert json.loads(parts(line.requests[-1])[2])["session"] == "phien-2"
    assert played.logins == 2


def test_a_refused_login_is_told_and_not_repeated_at_once(caller: PortalCaller) -> None:
    """Accounts get locked by hammering: the next sends say refused without asking."""
    played = portal(OK, login=answer('{"error_code":-1,"message":"Sai thông tin đăng nhập"}'))
    with serving(played) as line:
        got = [caller.send(order(SYSTEM, "DongBo", CONTENT, address=line.address)) for _ in range(3)]
        assert len(line.requests) == 1
    assert [(one.fault, one.sent) for one in got] == [(Fault.LOGIN, False)] * 3


@pytest.mark.parametrize(
    "login", [answer("<html>", media="text/html"), answer("{}"), answer("x", status="502 Bad Gateway"), answer("[]")]
)
def test_a_login_that_answers_nonsense_is_unavailable_and_nothing_was_sent(caller: PortalCaller, login: bytes) -> None:
    """Only a clear refusal is a refusal."""
    with serving(portal(OK, login=login)) as line:
        got = caller.send(order(SYSTEM, "DongBo", CONTENT, address=line.address))
    assert (got.fault, got.sent) == (Fault.CONNECT, False)


def test_a_login_that_hangs_ends_with_the_deadline_of_the_call(caller: PortalCaller) -> None:
    """Login and call share one deadline."""
    with serving(portal(OK, slow_login_s=3)) as line:
        started = time.monotonic()
        got = caller.send(order(SYSTEM, "DongBo", CONTENT, address=line.address, timeout_s=0.4))
    assert (got.fault, got.sent) == (Fault.CONNECT, False)
    assert time.monotonic() - started < 1.5


def test_neither_password_nor_session_is_logged_or_shown(
    caller: PortalCaller, caplog: pytest.LogCaptureFixture
) -> None:
    """Not at any level, not in any repr, not in what operators read."""
    caplog.set_level(logging.DEBUG)
    with serving(portal(OK)) as line:
        sent = order(SYSTEM, "DongBo", CONTENT, address=line.address)
        got = caller.send(sent)
    everything = caplog.text + repr(sent) + repr(got)
    assert "phien-1" not in everything
    assert "bí mật" not in everything


def read(reply: bytes, *, name: str = "DongBo") -> tuple[str, str | None]:
    """Verdict and code of one reply."""
    http = HttpClient()
    caller = PortalCaller(http)
    with serving(portal(reply)) as line:
        sent = order(SYSTEM, name, CONTENT, address=line.address)
        exchange = caller.send(sent)
        found = caller.reply(sent, exchange)
    http.close()
    return classify(SYSTEM.manifest.operations[name], exchange, found).outcome, found.code


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"error_code":0,"message":"Thành công","result":[]}', ("accepted", "0")),
        ('{"error_code":"0"}', ("accepted", "0")),
        ('{"error_code":"00"}', ("accepted", "00")),
        ('\ufeff\ufeff{"error_code":0}', ("accepted", "0")),
        ('{"error_code":0,"them":{"moi":1}}', ("accepted", "0")),
        ('{"error_code":-3,"message":"Hồ sơ đã tồn tại"}', ("duplicate", "-3")),
        ('{"error_code":-1,"message":"x"}', ("rejected", "-1")),
        ('{"message":"thành công"}', ("bad-reply", None)),
        ('{"error_code":null}', ("bad-reply", None)),
        ('{"error_code":"không"}', ("bad-reply", "không")),
        ('{"error_code":true}', ("bad-reply", None)),
        ('{"error_code":{"a":0}}', ("bad-reply", None)),
        ('{"error_code":0', ("bad-reply", None)),
        ("[]", ("bad-reply", None)),
        ('"0"', ("bad-reply", None)),
        ("", ("bad-reply", None)),
        ("<html><body>0</body></html>", ("bad-reply", None)),
        ("<!DOCTYPE html><html>error_code: 0</html>", ("bad-reply", None)),
    ],
)
def test_replies_of_every_shape(body: str, expected: tuple[str, str | None]) -> None:
    """An odd code is no success, an odd page is no success; numbers and texts are the same code."""
    assert read(answer(body)) == expected


def test_a_found_record_is_read_from_the_first_of_a_list() -> None:
    """The code of a question is the record's own."""
    found = '{"error_code":0,"result":[{"MaHoSo":"H99-1","TrangThaiHoSo":"4"}]}'
    assert read(answer(found), name="TraCuu") == ("accepted", "H99-1")
    assert read(answer('{"error_code":0,"result":[]}'), name="TraCuu") == ("rejected", None)


def test_the_element_of_a_reply_is_there_for_maps() -> None:
    """By the reply element's schema, numbers as text."""
    http = HttpClient()
    caller = PortalCaller(http)
    with serving(portal(answer('{"error_code":0,"result":[{"MaHoSo":"1"}]}'))) as line:
        sent = order(SYSTEM, "DongBo", CONTENT, address=line.address)
        element = caller.reply(sent, caller.send(sent)).element
    http.close()
    assert element is not None
    assert element.findtext("result/MaHoSo") == "1"


def test_content_is_a_list_of_the_element_and_a_question_its_object() -> None:
    """What the pipeline keeps and signs is exactly what is spliced in."""
    dossier = etree.fromstring("<DongBo><MaHoSo>H99-1</MaHoSo><DaThu>true</DaThu></DongBo>")
    operations = SYSTEM.manifest.operations
    assert render(SYSTEM, "DongBo", operations["DongBo"], dossier)[0] == b'[{"MaHoSo":"H99-1","DaThu":true}]'
    question = etree.fromstring("<TraCuu><mahoso>H99-1</mahoso></TraCuu>")
    assert render(SYSTEM, "TraCuu", operations["TraCuu"], question)[0] == b'{"mahoso":"H99-1"}'


def facade(line: Line, **more: object) -> tuple[str, dict[str, str], bytes]:
    """What a façade got of one call."""
    http = HttpClient()
    settings = {"query": "MaDinhDanhDV=000.00.01.H99", "key_header": "X-Khoa", **more.pop("settings", {})}  # type: ignore[dict-item]
    caller = JsonCaller(http)
    assert caller.send(order(SYSTEM, "DongBo", CONTENT, address=line.address, settings=settings, **more)).status == 200
    http.close()
    return parts(line.requests[-1])


def test_a_facade_gets_the_bare_array_with_query_parameters() -> None:
    """No session, no envelope: the content is the body."""
    with serving(says(OK)) as line:
        path, headers, body = facade(line, variant="update")
    assert body == CONTENT
    assert parse_qs(urlsplit(path).query) == {"MaDinhDanhDV": ["000.00.01.H99"], "isUpdating": ["True"]}
    assert "x-khoa" in headers


def test_a_facade_with_separate_addresses_is_called_at_the_right_one() -> None:
    """Create and update may have paths of their own."""
    settings = {"DongBo.create.path": "them-moi", "DongBo.update.path": "cap-nhat"}
    with serving(says(OK)) as line:
        assert facade(line, settings=settings)[0].startswith("/dich-vu/them-moi?")
        assert facade(line, settings=settings, variant="update")[0].startswith("/dich-vu/cap-nhat?")


def test_a_portal_endpoint_may_be_a_facade(caller: PortalCaller) -> None:
    """`form = "facade"` sends the same content without login and envelope."""
    with serving(says(OK)) as line:
        caller.send(order(SYSTEM, "DongBo", CONTENT, address=line.address, settings={"form": "facade"}))
        assert len(line.requests) == 1
        assert parts(line.requests[0])[2] == CONTENT
