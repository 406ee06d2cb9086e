"""The simulated portal over HTTP: its contract, its switches, its signatures, its own calls."""

from __future__ import annotations

import http.client
import json
import time
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bus.simulators import Event, judge, read_ledgers
from signing import dsig, jws
from signing.keys import SigningKey

from .conftest import Door, Running

Start = Callable[..., Running]


def login(portal: Running) -> str:
    session = portal.post("/mapi/login", {"username": "demo", "password": "placeholder"})["session"]
    assert isinstance(session, str)
    return session


def dossier(number: int = 1, **changes: str) -> dict[str, Any]:
    return {
        "MaHoSo": f"H99.12-260706-{number:05d}",
        "MaTTHC": "9.999001",
        "TenTTHC": "Cấp giấy phép thử nghiệm (giả định)",
        "MaLinhVuc": "G99-XX01",
        "TenLinhVuc": "Lĩnh vực thử nghiệm",
        "ChuHoSo": "Nguyễn Thị Thử Nghiệm",
        "SoGiayToChuHoSo": f"099{number:09d}",
        "LoaiDoiTuong": "1",
        "NgayTiepNhan": "20260706083015",
        "NgayHenTra": "20260713170000",
        "TrangThaiHoSo": "2",
        "HinhThuc": "0",
        "DonViXuLy": "Sở Thử nghiệm tỉnh Sông Mây",
        "TaiLieuNop": [],
        **changes,
    }


def step(number: int, *, code: str = "H99.12-260706-00001") -> dict[str, str]:
    return {
        "MaHoSo": code,
        "NguoiXuLy": "Lê Thị Mẫu",
        "ThoiDiemXuLy": f"202607070{number}0000",
        "NoiDungXuLy": f"Bước {number}/5: Thẩm định hồ sơ [TN01-2026-{code[-5:]}]",
        "TrangThai": "4",
    }


def call(portal: Running, session: str, service: str, data: object, **more: object) -> Any:
    body = {"session": session, "madonvi": "000.00.00.H99", "service": service, **more, "data": data}
    return portal.post("/mapi/g", body)


def sync(portal: Running, session: str, item: object, *, update: str = "False") -> Any:
    return call(portal, session, "DongBoHoSoMC", [item], isUpdating=update)


def test_create_exists_update(start: Start) -> None:
    """A dossier is created once, refused as existing with code -3, and then taken as an update."""
    portal = start("portal")
    session = login(portal)
    assert str(sync(portal, session, dossier())["error_code"]) == "0"
    again = sync(portal, session, dossier())
    assert again["error_code"] == "-3"
    assert "đã tồn tại" in again["message"]
    assert str(sync(portal, session, dossier(), update="True")["error_code"]) == "0"
    assert sync(portal, session, dossier(2), update="True")["error_code"] == "-1"


def test_progress_needs_the_dossier(start: Start) -> None:
    """Progress is refused until its dossier is there."""
    portal = start("portal")
    session = login(portal)
    assert call(portal, session, "CapNhatTienDoHoSoMC", [step(1)])["error_code"] == "-1"
    sync(portal, session, dossier())
    assert str(call(portal, session, "CapNhatTienDoHoSoMC", [step(1), step(2)])["error_code"]) == "0"


def test_forwarded_paths_want_a_destination(start: Start) -> None:
    """Behind the security server's paths a dstcode is needed, as query or as header."""
    portal = start("portal")
    path = "/VXPAdapter/RestService/forward/mapi/login"
    who = {"username": "demo", "password": "placeholder"}
    assert portal.post(path, who)["_status"] == 400
    assert "session" in portal.post(path + "?dstcode=VN:GOV:000.00.00.G99:demo", who)
    assert "session" in portal.post(path, who, dstcode="VN:GOV:000.00.00.G99:demo")


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({**dossier(), "MaTTHC": ""}, "MaTTHC"),
        ({**dossier(), "NgayTiepNhan": "20260231000000"}, "NgayTiepNhan"),
        ({**dossier(), "TrangThaiHoSo": "11"}, "TrangThaiHoSo"),
        ({**dossier(), "LoaiDoiTuong": 1}, "phải là chuỗi"),
        ({**dossier(), "TaiLieuNop": ""}, "TaiLieuNop"),
    ],
)
def test_form_is_checked(start: Start, item: dict[str, object], said: str) -> None:
    """Missing members, impossible dates, foreign codes, numbers instead of text, texts instead of lists: refused."""
    portal = start("portal")
    reply = sync(portal, login(portal), item)
    assert reply["error_code"] == "-1"
    assert said in reply["message"]


def test_is_updating_is_a_string(start: Start) -> None:
    """A real boolean in isUpdating is refused."""
    portal = start("portal")
    reply = call(portal, login(portal), "DongBoHoSoMC", [dossier()], isUpdating=False)
    assert "isUpdating" in reply["message"]


def test_data_must_be_a_list_or_one_object(start: Start) -> None:
    """DongBoHoSoMC wants a list, DongBoTrangThaiHoSo one object."""
    portal = start("portal")
    session = login(portal)
    assert call(portal, session, "DongBoHoSoMC", dossier(), isUpdating="False")["error_code"] == "-1"
    assert call(portal, session, "DongBoTrangThaiHoSo", [], type="2")["error_code"] == "-1"


def test_look_up(start: Start) -> None:
    """TraCuuHoSo gives a record for what is there, and none for what is not."""
    portal = start("portal")
    session = login(portal)
    sync(portal, session, dossier())
    ask = {"session": session, "madonvi": "H99", "service": "TraCuuHoSo"}
    assert portal.post("/mapi/g", {**ask, "mahoso": dossier()["MaHoSo"]})["result"]
    assert portal.post("/mapi/g", {**ask, "mahoso": "H99.12-260706-00077"})["result"] == []


def test_a_portal_that_does_not_keep_what_it_took(start: Start) -> None:
    """On command it loses a dossier, shows another status or day of it, opens one, or gives no usable answer."""
    portal = start("portal")
    session = login(portal)
    sync(portal, session, dossier(1))
    first, other = dossier(1)["MaHoSo"], dossier(2)["MaHoSo"]
    ask = {"session": session, "madonvi": "H99", "service": "TraCuuHoSo"}
    record = {"MaHoSo": first, "MaTTHC": "9.999001", "NgayTiepNhan": "20260706083015", "NgayHenTra": "20260713170000"}
    assert portal.post("/mapi/g", {**ask, "mahoso": first})["result"] == [{**record, "TrangThaiHoSo": "2"}]
    portal.post("/_sim/alter", {"dossier": first, "TrangThaiHoSo": "9", "NgayHenTra": "20260801170000"})
    portal.post("/_sim/alter", {"dossier": other, "TrangThaiHoSo": "1"})
    changed = {**record, "NgayHenTra": "20260801170000", "TrangThaiHoSo": "9"}
    assert portal.post("/mapi/g", {**ask, "mahoso": first})["result"] == [changed]
    assert portal.post("/mapi/g", {**ask, "mahoso": other})["result"] == [{"MaHoSo": other, "TrangThaiHoSo": "1"}]
    portal.post("/_sim/mute", {"dossier": first})
    assert portal.post("/mapi/g", {**ask, "mahoso": first})["error_code"] == "-1"
    portal.post("/_sim/mute", {"dossier": first, "on": False})
    assert portal.post("/_sim/lose", {"dossier": first})["lost"] is True
    assert portal.post("/mapi/g", {**ask, "mahoso": first})["result"] == []
    assert portal.post("/_sim/lose", {"dossier": first})["lost"] is False


def test_sessions_run_out(start: Start) -> None:
    """After N calls the session is refused; a new login helps."""
    portal = start("portal", "--session-calls", "2")
    session = login(portal)
    answers = [sync(portal, session, dossier(number))["message"] for number in (1, 2, 3)]
    assert ["hết hạn" in one for one in answers] == [False, False, True]
    assert str(sync(portal, login(portal), dossier(3))["error_code"]) == "0"


def test_sessions_age(start: Start) -> None:
    """A session is refused after its seconds."""
    portal = start("portal", "--session-seconds", "0.2")
    session = login(portal)
    assert str(sync(portal, session, dossier())["error_code"]) == "0"
    time.sleep(0.3)
    assert "hết hạn" in sync(portal, session, dossier(2))["message"]


def test_wrong_password(start: Start) -> None:
    """With a name and a password set, others do not get in."""
    portal = start("portal", "--user", "demo", "--password-env", "SIM_WORD", SIM_WORD="right")
    assert portal.post("/mapi/login", {"username": "demo", "password": "wrong"})["error_code"] == -1
    assert "session" in portal.post("/mapi/login", {"username": "demo", "password": "right"})


def test_drop_after_commit(start: Start) -> None:
    """The connection is closed without a reply, and the dossier is there."""
    portal = start("portal", "--drop-after-commit", "1")
    session = login(portal)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        sync(portal, session, dossier())
    portal.post("/_sim/set", {"drop_after_commit": 0})
    assert sync(portal, session, dossier())["error_code"] == "-3"


@pytest.mark.parametrize(
    ("switch", "status", "said"),
    [("error_rate", 503, b""), ("html_rate", 200, b"<html>"), ("business_error_rate", 200, b"-1")],
)
def test_switches_that_take_nothing(start: Start, switch: str, status: int, said: bytes) -> None:
    """At rate 1 every call is answered so and nothing is taken; at rate 0 it is taken."""
    portal = start("portal")
    session = login(portal)
    portal.post("/_sim/set", {switch: 1.0})
    body = {"session": session, "madonvi": "H99", "service": "DongBoHoSoMC", "isUpdating": "False", "data": [dossier()]}
    got, text = portal.send("POST", "/mapi/g", json.dumps(body).encode())
    assert got == status
    assert said in text
    portal.post("/_sim/set", {switch: 0})
    assert str(sync(portal, session, dossier())["error_code"]) == "0"


def test_bad_codes(start: Start) -> None:
    """At rate 1 the code is missing or not a number, both happen, and the dossier is taken."""
    portal = start("portal", "--bad-code-rate", "1")
    session = login(portal)
    codes = {sync(portal, session, dossier(number)).get("error_code") for number in range(1, 20)}
    assert codes == {None, "thành công"}
    assert portal.state(brief=True)["committed"] == 19


def test_latency(start: Start) -> None:
    """Every reply waits."""
    portal = start("portal", "--latency-ms", "200")
    begin = time.monotonic()
    login(portal)
    assert time.monotonic() - begin >= 0.2


def test_same_seed_same_mishaps(start: Start) -> None:
    """The same calls in the same order meet the same fate under the same seed."""

    def fates(seed: str) -> list[int]:
        portal = start("portal", "--seed", seed)
        session = login(portal)
        portal.post("/_sim/set", {"error_rate": 0.5})
        body = {"session": session, "madonvi": "H99", "service": "TraCuuHoSo", "mahoso": "H99"}
        return [portal.send("POST", "/mapi/g", json.dumps(body).encode())[0] for _ in range(20)]

    first = fates("7")
    assert set(first) == {200, 503}
    assert first == fates("7")
    assert first != fates("8")


def test_unknown_switch_names_the_nearest(start: Start) -> None:
    """A misspelt switch is refused and the nearest is proposed."""
    reply = start("portal").post("/_sim/set", {"eror_rate": 1})
    assert reply["_status"] == 400
    assert "error_rate" in reply["error"]


def test_state_sees_disorder(start: Start) -> None:
    """Steps out of order and doubled steps are counted per dossier."""
    portal = start("portal")
    session = login(portal)
    sync(portal, session, dossier())
    for number in (2, 1, 2):
        call(portal, session, "CapNhatTienDoHoSoMC", [step(number)])
    state = portal.state()
    assert (state["order_violations"], state["duplicates"], state["overlaps"]) == (1, 1, 0)
    entries = state["by_dossier"][dossier()["MaHoSo"]]["entries"]
    assert [one["step"] for one in entries] == [0, 2, 1, 2]
    assert all(one["begin"] <= one["end"] for one in entries)


def test_state_sees_overlaps(start: Start) -> None:
    """A call begun before the previous one of the same dossier was answered is an overlap; another dossier's is not."""
    portal = start("portal")
    session = login(portal)
    sync(portal, session, dossier(1))
    sync(portal, session, dossier(2))
    portal.post("/_sim/set", {"latency_ms": 400})
    lines = []
    for code in ("H99.12-260706-00001", "H99.12-260706-00002", "H99.12-260706-00001"):
        body = {"session": session, "madonvi": "H99", "service": "CapNhatTienDoHoSoMC", "data": [step(1, code=code)]}
        line = http.client.HTTPConnection(portal.url.removeprefix("http://"), timeout=10)
        line.request("POST", "/mapi/g", json.dumps(body).encode())
        lines.append(line)
    for line in lines:
        line.getresponse().read()
        line.close()
    assert portal.state(brief=True)["overlaps"] == 1
    assert judge(read_ledgers(portal.ledger)).overlapped == 1


def test_caller_that_went_away_ends_its_call(start: Start) -> None:
    """A call whose caller died is over at that moment, not after the latency."""
    portal = start("portal")
    session = login(portal)
    portal.post("/_sim/set", {"latency_ms": 20_000})
    line = http.client.HTTPConnection(portal.url.removeprefix("http://"), timeout=10)
    body = {"session": session, "madonvi": "H99", "service": "DongBoHoSoMC", "isUpdating": "False", "data": [dossier()]}
    line.request("POST", "/mapi/g", json.dumps(body).encode())
    portal.until(lambda state: state["open_calls"] == 1)
    line.close()
    portal.until(lambda state: state["open_calls"] == 0)
    answered = [one for one in read_ledgers(portal.ledger) if one.event is Event.ANSWERED]
    assert [one.fate for one in answered] == ["gone"]


def test_ledger_outlives_a_kill(start: Start, tmp_path: Path) -> None:
    """After kill -9 the ledger tells what was taken, and a new start on it knows the dossiers again."""
    ledger = tmp_path / "portal.jsonl"
    portal = start("portal", ledger=ledger)
    sync(portal, login(portal), dossier())
    portal.stop(9)
    taken = [one for one in read_ledgers(ledger) if one.event is Event.RECEIVED and one.committed]
    assert [one.item.dossier for one in taken if one.item] == [dossier()["MaHoSo"]]
    after = start("portal", ledger=ledger)
    assert sync(after, login(after), dossier())["error_code"] == "-3"


def test_sigterm_ends_with_zero(start: Start) -> None:
    """SIGTERM is a clean end."""
    assert start("portal").stop() == 0


# -------------------------------------------------------------------- signatures


@pytest.fixture
def key(tmp_path: Path) -> tuple[SigningKey, Path]:
    """A key of the bus and the file the portal verifies with."""
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = tmp_path / "verify.pem"
    file.write_bytes(
        private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return SigningKey.from_pem(pem, key_id="lienthong"), file


def signed_call(portal: Running, signer: SigningKey, *, spoil: bool = False, sign: bool = True) -> Any:
    document = dsig.sign_enveloped(b'<HoSo xmlns="urn:lienthong:canonical:1"><MaHoSo>x</MaHoSo></HoSo>', signer)
    item = {**dossier(), "DuLieuKySo": b64encode(document).decode()}
    data = json.dumps([item], ensure_ascii=False, separators=(", ", ": ")).encode()
    head = json.dumps(
        {"session": login(portal), "madonvi": 'H99 "data":', "service": "DongBoHoSoMC", "isUpdating": "False"}
    ).encode()
    body = head[:-1] + b',"data":' + (data.replace(b"Nguy", b"Nguj") if spoil else data) + b"}"
    headers = {"X_Lienthong_Signature": jws.sign_detached(data, signer)} if sign else {}
    return json.loads(portal.send("POST", "/mapi/g", body, **headers)[1])


def test_good_signatures_are_counted(start: Start, key: tuple[SigningKey, Path]) -> None:
    """The JWS over the bytes of `data` and the XML signature inside the item are both verified."""
    portal = start("portal", "--verify-key", str(key[1]), "--require-signature")
    assert str(signed_call(portal, key[0])["error_code"]) == "0"
    counts = portal.state(brief=True)["counts"]
    assert (counts["signature_jws_ok"], counts["signature_dsig_ok"]) == (1, 1)


def test_spoilt_signature_is_refused(start: Start, key: tuple[SigningKey, Path]) -> None:
    """One changed letter in the data: refused, counted, nothing taken."""
    portal = start("portal", "--verify-key", f"lienthong={key[1]}", "--require-signature")
    assert "Chữ ký" in signed_call(portal, key[0], spoil=True)["message"]
    state = portal.state(brief=True)
    assert (state["counts"]["signature_jws_bad"], state["committed"]) == (1, 0)


@pytest.mark.parametrize(("option", "taken"), [((), 1), (("--require-signature",), 0)])
def test_missing_signature(start: Start, key: tuple[SigningKey, Path], option: tuple[str, ...], taken: int) -> None:
    """Without a signature a dossier is taken unless signatures are required; it is counted either way."""
    portal = start("portal", "--verify-key", str(key[1]), *option)
    signed_call(portal, key[0], sign=False)
    state = portal.state(brief=True)
    assert (state["counts"]["signature_jws_missing"], state["committed"]) == (1, taken)


# -------------------------------------------------------------------- our own calls


def test_submissions_reach_the_door(start: Start, door: Door) -> None:
    """POST /_sim/submit sends addtthcKhuyenMai with the shared key and base64 files; a 503 is tried again."""
    replies = iter([(503, b""), (200, b'{"error_code": 0, "message": ""}'), (200, b'{"error_code": 1, "message": ""}')])
    door.answer = lambda path, body: next(replies)
    portal = start(
        "portal", "--callback", f"{door.url}/cong_dvcqg", "--callback-key-env", "SIM_KEY", "--retry-s", "0.05",
        SIM_KEY="shared",
    )  # fmt: skip
    assert portal.post("/_sim/submit", {"count": 1, "duplicate": True})["submitted"] == 1
    portal.until(lambda state: state["open_scripts"] == 0)
    assert [path for path, _, _ in door.calls] == ["/cong_dvcqg/addtthcKhuyenMai"] * 3
    assert {headers["x-api-key"] for _, headers, _ in door.calls} == {"shared"}
    assert len({body for _, _, body in door.calls}) == 1
    sent = json.loads(door.calls[0][2])
    assert b64decode(sent["TaiLieuNop"][0]["Base64"]).startswith(b"%PDF")
    counts = portal.state(brief=True)["counts"]
    assert (counts["sent_again"], counts["code_0"], counts["code_1"]) == (1, 1, 1)


def test_automatic_submissions(start: Start, door: Door) -> None:
    """--callbacks N --rate R sends them by itself, at most R a second, each another dossier."""
    door.answer = lambda path, body: (200, b'{"error_code": 0}')
    begin = time.monotonic()
    portal = start("portal", "--callback", door.url, "--callbacks", "6", "--rate", "10")
    portal.until(lambda state: state["counts"].get("accepted", 0) == 6)
    assert time.monotonic() - begin >= 0.5
    assert len({json.loads(body)["MaHoSo"] for _, _, body in door.calls}) == 6


def test_duplicate_switch_calls_twice(start: Start, door: Door) -> None:
    """--duplicate 1 sends every callback twice."""
    door.answer = lambda path, body: (200, b'{"error_code": 0}')
    portal = start("portal", "--callback", door.url, "--duplicate", "1")
    portal.post("/_sim/submit", {"count": 3})
    portal.until(lambda state: state["open_scripts"] == 0)
    assert len(door.calls) == 6


def test_portal_born_dossier_takes_a_status(start: Start, door: Door) -> None:
    """DongBoTrangThaiHoSo is for dossiers born on the portal, and only for them."""
    door.answer = lambda path, body: (200, b'{"error_code": 0}')
    portal = start("portal", "--callback", door.url)
    portal.post("/_sim/submit", {"count": 1})
    portal.until(lambda state: state["open_scripts"] == 0)
    code = json.loads(door.calls[0][2])["MaHoSo"]
    session = login(portal)
    data = {"MaHoSo": code, "NoiDung": "Bước 1/2: x [TN01-ON-1]", "NgayXuLy": "20260706090000", "TrangThai": "2"}
    assert str(call(portal, session, "DongBoTrangThaiHoSo", data, type="2")["error_code"]) == "0"
    assert call(portal, session, "DongBoTrangThaiHoSo", {**data, "MaHoSo": "QG-0"}, type="2")["error_code"] == "-1"
    assert str(call(portal, session, "DongBoTrangThaiHoSo", data, type="2")["error_code"]) == "0"
    assert portal.state(brief=True)["duplicates"] == 0  # setting the same status once more changes nothing


def test_search_call(start: Start, door: Door) -> None:
    """POST /_sim/look-up asks by search/call and understands the flat record."""
    door.answer = lambda path, body: (200, b'{"MaHoSo": "H99.12-260706-00001", "TrangThaiHoSo": "4"}')
    portal = start("portal", "--callback", door.url)
    portal.post("/_sim/look-up", {"dossier": "H99.12-260706-00001"})
    portal.until(lambda state: state["counts"].get("accepted", 0) == 1)
    assert door.calls[0][0] == "/search/call"
    assert json.loads(door.calls[0][2])["masohoso"] == "H99.12-260706-00001"
