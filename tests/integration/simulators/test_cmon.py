"""The simulated desk: what it sends, how stubborn it is, how it fetches and acknowledges."""

from __future__ import annotations

import re
from collections.abc import Callable

from bus.simulators import Event, judge, read_ledgers
from schemas import xmldoc

from .conftest import Door, Running

Start = Callable[..., Running]
NS = "http://hoso.provider.exch.sharedservice.dtt.vn/"


def reply(operation: str, inside: str, *, soap: str = "http://schemas.xmlsoap.org/soap/envelope/") -> tuple[int, bytes]:
    return 200, (
        f'<s:Envelope xmlns:s="{soap}"><s:Body><n:{operation}Response xmlns:n="{NS}"><return>{inside}</return>'
        f"</n:{operation}Response></s:Body></s:Envelope>"
    ).encode()


def operation(body: bytes) -> str:
    found = re.search(rb"<ns2:(\w+)", body)
    assert found
    return found[1].decode()


def ok(path: str, body: bytes) -> tuple[int, bytes]:
    return reply(operation(body), "<errCode>0</errCode>")


def desk(start: Start, door: Door, *options: str) -> Running:
    return start(
        "cmon", "--door", f"{door.url}/mot_cua_cmon", "--retry-s", "0.05", *options, LIENTHONG_CMON_PASSWORD="word"
    )


def test_a_dossier_in_order(start: Start, door: Door) -> None:
    """One dossier: pushDocument, its steps in order, updateResult, each after the answer to the one before."""
    door.answer = ok
    cmon = desk(start, door, "--dossiers", "1", "--steps", "3", "--licences", "0")
    cmon.until(lambda state: state["counts"].get("accepted", 0) == 5)
    assert [operation(body) for _, _, body in door.calls] == ["pushDocument", *["updateStatus"] * 3, "updateResult"]
    steps = [xmldoc.parse(body).findtext(".//noiDungYeuCauXuLy", "") for _, _, body in door.calls[1:4]]
    assert [text.split(":")[0] for text in steps] == ["Bước 1/3", "Bước 2/3", "Bước 3/3"]


def test_form_of_the_request(start: Start, door: Door) -> None:
    """SOAP 1.1, empty SOAPAction, unqualified children, the password before the name, members alphabetical."""
    door.answer = ok
    cmon = desk(start, door, "--dossiers", "1", "--steps", "0", "--results", "0")
    cmon.until(lambda state: state["open_scripts"] == 0)
    path, headers, body = door.calls[0]
    assert path == "/mot_cua_cmon"
    assert headers["content-type"].startswith("text/xml")
    assert headers["soapaction"] == '""'
    argument = xmldoc.parse(body).find(f".//{{{NS}}}pushDocument/arg0")
    assert argument is not None
    assert [str(child.tag) for child in argument] == ["password", "userName", "ossDocumentSoapList"]
    members = [str(child.tag) for child in argument[2]]
    assert members == sorted(members)
    assert len(members) == 13
    assert argument.findtext("ossDocumentSoapList/soCmnd", "").startswith("099")


def test_soap12(start: Start, door: Door) -> None:
    """--soap12 speaks SOAP 1.2 and understands its replies."""
    envelope = "http://www.w3.org/2003/05/soap-envelope"
    door.answer = lambda path, body: reply(operation(body), "<errCode>0</errCode>", soap=envelope)
    cmon = desk(start, door, "--soap12", "--dossiers", "1", "--steps", "0", "--results", "0")
    cmon.until(lambda state: state["counts"].get("accepted", 0) == 1)
    assert door.calls[0][1]["content-type"].startswith("application/soap+xml")
    assert xmldoc.parse(door.calls[0][2]).tag == f"{{{envelope}}}Envelope"


def test_again_with_the_same_content(start: Start, door: Door) -> None:
    """errCode 9 and 503 are answered by sending the same bytes again, until they are accepted."""
    answers = iter(
        [(503, b""), reply("pushDocument", "<errCode>9</errCode>"), reply("pushDocument", "<errCode>0</errCode>")]
    )
    door.answer = lambda path, body: next(answers)
    cmon = desk(start, door, "--dossiers", "1", "--steps", "0", "--results", "0")
    state = cmon.until(lambda state: state["open_scripts"] == 0)
    assert len({body for _, _, body in door.calls}) == 1
    assert len(door.calls) == 3
    assert (state["counts"]["sent_again"], state["counts"]["accepted"]) == (2, 1)


def test_refused_for_good(start: Start, door: Door) -> None:
    """Any other errCode ends the dossier: no later step of it is sent."""
    door.answer = lambda path, body: reply(operation(body), "<errCode>1</errCode><errMsg>thiếu</errMsg>")
    cmon = desk(start, door, "--dossiers", "2", "--steps", "2")
    state = cmon.until(lambda state: state["open_scripts"] == 0)
    assert {operation(body) for _, _, body in door.calls} == {"pushDocument"}
    assert state["counts"]["refused"] == 2
    assert judge(read_ledgers(cmon.ledger)).accepted == 0


def test_batches_and_kinds(start: Start, door: Door) -> None:
    """--batch puts several dossiers in one call; --licences 1 makes them all of the driving-licence kind."""
    door.answer = ok
    cmon = desk(start, door, "--dossiers", "6", "--batch", "3", "--steps", "1", "--results", "0", "--licences", "1")
    cmon.until(lambda state: state["counts"].get("accepted", 0) == 12)
    pushes = [xmldoc.parse(body) for _, _, body in door.calls if operation(body) == "pushDocument"]
    assert [len(one.findall(".//ossDocumentSoapList")) for one in pushes] == [3, 3]
    assert {kind.text for one in pushes for kind in one.iter("maLoaiHoSo")} == {"TN02"}
    offered = [one.item for one in read_ledgers(cmon.ledger) if one.event is Event.ACCEPTED and one.item]
    assert {item.to for item in offered if item.kind == "ho_so"} == {("portal", "dlms")}
    assert {item.to for item in offered if item.kind == "tien_do"} == {("portal",)}


def test_hanging_up(start: Start, door: Door) -> None:
    """--drop-after-commit on the desk's side: it goes away without the answer, then sends the same again."""
    door.answer = ok
    cmon = desk(start, door, "--drop-after-commit", "1", "--dossiers", "1", "--steps", "0", "--results", "0")
    cmon.until(lambda state: state["counts"].get("sent_again", 0) >= 2)
    cmon.post("/_sim/set", {"drop_after_commit": 0})
    state = cmon.until(lambda state: state["open_scripts"] == 0)
    assert state["counts"]["accepted"] == 1
    assert len({body for _, _, body in door.calls}) == 1


def test_broken_on_purpose(start: Start, door: Door) -> None:
    """--invalid-rate 1 sends a day that does not exist and says whether it was refused."""
    door.answer = lambda path, body: reply(operation(body), "<errCode>1</errCode>")
    cmon = desk(start, door, "--invalid-rate", "1", "--dossiers", "3")
    state = cmon.until(lambda state: state["open_scripts"] == 0)
    assert all(b"31/02/2026" in body for _, _, body in door.calls)
    assert state["counts"]["broken_refused"] == 3


def test_push_by_control_goes_on_counting(start: Start, door: Door) -> None:
    """POST /_sim/push makes further dossiers, never the same ones."""
    door.answer = ok
    cmon = desk(start, door)
    for _ in range(2):
        assert cmon.post("/_sim/push", {"count": 2, "steps": 0, "results": 0, "licences": 0})["submitted"] == 2
    cmon.until(lambda state: state["counts"].get("accepted", 0) == 4)
    assert len({xmldoc.parse(body).findtext(".//maSoHoSo") for _, _, body in door.calls}) == 4
    assert cmon.post("/_sim/push", {"count": -1})["_status"] == 400


ONLINE = (
    "<onlineDocumentSoapList><chuSoHuuHoSo>Công ty TNHH Lê Mẫu</chuSoHuuHoSo>"
    "<email>nguoi501000001@vidu.example</email>"
    "<maLoaiHoSo>KM01</maLoaiHoSo><onlineId>5001</onlineId></onlineDocumentSoapList>"
)


def test_fetch_acknowledge_work(start: Start, door: Door) -> None:
    """A fetched dossier is acknowledged by its onlineId, then worked on with that onlineId."""
    waiting = [ONLINE]

    def answer(path: str, body: bytes) -> tuple[int, bytes]:
        if operation(body) == "pullDocument":
            return reply("pullDocument", "<errCode>0</errCode><conTiep>0</conTiep>" + "".join(waiting))
        if operation(body) == "updateSendSignal":
            waiting.clear()
        return ok(path, body)

    door.answer = answer
    cmon = desk(start, door, "--pulled-steps", "2")
    assert cmon.post("/_sim/pull", {})["fetched"] == 1
    cmon.until(lambda state: state["counts"].get("accepted", 0) == 2)
    assert [operation(body) for _, _, body in door.calls] == ["pullDocument", "updateSendSignal", *["updateStatus"] * 2]
    assert xmldoc.parse(door.calls[1][2]).findtext(".//idList") == "5001"
    assert {xmldoc.parse(body).findtext(".//onlineId") for _, _, body in door.calls[2:]} == {"5001"}
    assert cmon.post("/_sim/pull", {})["fetched"] == 0


def test_offered_again_is_absorbed(start: Start, door: Door) -> None:
    """--ack-loss 1 forgets to acknowledge; what is offered again counts as a repeat, and is worked on once."""
    door.answer = lambda path, body: (
        reply("pullDocument", "<errCode>0</errCode><conTiep>0</conTiep>" + ONLINE)
        if operation(body) == "pullDocument"
        else ok(path, body)
    )
    cmon = desk(start, door, "--ack-loss", "1", "--pulled-steps", "1")
    assert [cmon.post("/_sim/pull", {})["fetched"] for _ in range(3)] == [1, 0, 0]
    cmon.until(lambda state: state["counts"].get("accepted", 0) == 1)
    assert "updateSendSignal" not in {operation(body) for _, _, body in door.calls}
    received = [one for one in read_ledgers(cmon.ledger) if one.event is Event.RECEIVED]
    assert [one.again for one in received] == [False, True, True]


def test_nothing_is_fetched_without_a_password(start: Start, door: Door) -> None:
    """Without the password in the environment the desk does not start, and says which variable it wants."""
    import subprocess
    import sys

    from .conftest import ROOT

    done = subprocess.run(
        [sys.executable, "-m", "bus.simulators", "cmon", "--password-env", "SIM_NO_SUCH_WORD"],
        capture_output=True, text=True, cwd=ROOT, timeout=30,
    )  # fmt: skip
    assert done.returncode == 2
    assert "SIM_NO_SUCH_WORD" in done.stderr
