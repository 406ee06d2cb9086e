"""One question to a partner, and what its answer means."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

from adapters.wire.contract import Exchange, Fault, PartnerReply, SendOrder, Target
from adapters.wire.registry import outbound, render
from bus.policies import Policies
from bus.reconciling import Answer, Ours
from bus.reconciling.asking import Asked, Asker
from bus.trial import Line
from schemas.message import sha256_hex
from tests.unit.bus.kit import NOW, SetClock, adapter

CODE = "H99.12-260706-00007"
FOUND = {
    "error_code": 0,
    "message": "",
    "result": [
        {"MaHoSo": "H99.12-260706-00001", "TrangThaiHoSo": "1"},
        {"MaHoSo": CODE, "MaTTHC": "9.999001", "NgayHenTra": "20260713170000", "TrangThaiHoSo": "4"},
    ],
}
NOT_THERE = {"error_code": "0", "message": "", "result": []}
EXPIRED = {"error_code": "-1", "message": "Phiên làm việc hết hạn"}


def said(
    value: object = None, *, status: int = 200, fault: Fault = Fault.NONE, kind: str = "application/json"
) -> Exchange:
    """What comes back on the line."""
    body = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode() if value else b""
    return Exchange(fault, fault is not Fault.CONNECT, status, {"content-type": kind}, body, "x:443", 5, "a" * 64, 2)


@dataclass
class Scripted:
    """A line that answers in the order given."""

    wire: str
    answers: list[Exchange]
    sent: list[SendOrder] = field(default_factory=list)
    forgotten: int = 0

    def send(self, order: SendOrder) -> Exchange:
        """See the contract."""
        self.sent.append(order)
        return self.answers.pop(0)

    def reply(self, order: SendOrder, exchange: Exchange) -> PartnerReply:
        """As the real one reads it."""
        return outbound(self.wire).reply(order, exchange)

    def forget_login(self, endpoint: str) -> None:
        """See the contract."""
        self.forgotten += 1


def ask(system: str, *answers: Exchange, code: str = CODE) -> tuple[Asked, Scripted]:
    """One question about one dossier."""
    made = adapter(system)
    wire = Scripted(made.manifest.wire, list(answers))
    line = Line(made, Target(system, "http://x.example", {}), wire, Policies())
    asker = Asker({system: line}, render, SetClock())
    return asker.ask(Ours(system, code, ()), ((system, code),)), wire


def test_found_there() -> None:
    """The record that names the dossier is read; the reply's hash is the proof; the question names the dossier."""
    asked, wire = ask("cong_dvcqg", said(FOUND))
    assert (asked.theirs.answer, asked.theirs.status, asked.well) == (Answer.FOUND, "4", True)
    assert asked.theirs.content == {"ThuTuc/Ma": "9.999001", "NgayHenTra": "2026-07-13T17:00:00+07:00"}
    assert asked.theirs.proof == sha256_hex(json.dumps(FOUND, ensure_ascii=False).encode())
    assert asked.theirs.asked_at == NOW
    assert json.loads(wire.sent[0].content) == {"mahoso": CODE}


def test_not_there() -> None:
    """No record with a good code: it is not there."""
    assert ask("cong_dvcqg", said(NOT_THERE))[0].theirs.answer is Answer.ABSENT


def test_login_is_renewed_once() -> None:
    """An expired login is renewed and the question asked again; a second refusal is no answer."""
    asked, wire = ask("cong_dvcqg", said(EXPIRED), said(FOUND))
    assert (asked.theirs.answer, wire.forgotten, len(wire.sent)) == (Answer.FOUND, 1, 2)
    asked, wire = ask("cong_dvcqg", said(EXPIRED), said(EXPIRED))
    assert (asked.theirs.answer, asked.well, wire.forgotten) == (Answer.SILENT, False, 1)


@pytest.mark.parametrize(
    ("answer", "well"),
    [
        (said(fault=Fault.CONNECT, status=0), False),
        (said(fault=Fault.TIMEOUT, status=0), False),
        (said(b"busy", status=503, kind="text/plain"), False),
        (said({"error_code": "-1", "message": "He thong ban"}), True),
        (said(b"<html>", kind="text/html"), True),
        (said({"error_code": 0, "message": "", "result": [{"MaHoSo": CODE, "NgayHenTra": "mai"}]}), True),
    ],
    ids=["refused", "timeout", "away", "busy", "page", "unreadable day"],
)
def test_no_usable_answer_is_never_taken_for_one(answer: Exchange, well: bool) -> None:
    """Neither there nor not there; whether the partner is away is told apart, for the pace."""
    asked, _ = ask("cong_dvcqg", answer)
    assert (asked.theirs.answer, asked.well) == (Answer.SILENT, well)
    assert asked.theirs.why


def test_nobody_to_ask() -> None:
    """Without a code there, a look-up or an address nothing is sent, and the reason says which."""
    assert ask("cong_dvcqg", code="")[0].theirs.answer is Answer.NOBODY
    assert ask("mot_cua_cmon")[0].theirs.answer is Answer.NOBODY
    asked = Asker({}, render, SetClock()).ask(Ours("x", CODE, ()), ())
    assert (asked.theirs.answer, asked.well) == (Answer.NOBODY, None)


def soap(text: str) -> Exchange:
    """What the office answers to GetTrangThaiHoSo."""
    body = (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        '<GetTrangThaiHoSoResponse xmlns="http://tempuri.org/">'
        f"<GetTrangThaiHoSoResult>{text}</GetTrangThaiHoSoResult></GetTrangThaiHoSoResponse></soap:Body></soap:Envelope>"
    )
    return said(body.encode(), kind="text/xml; charset=utf-8")


@pytest.mark.parametrize(
    ("text", "answer", "status"),
    [
        ("02", Answer.FOUND, "4"),
        ("05", Answer.FOUND, "10"),
        ("Lỗi: không tìm thấy mã đăng ký 099001000001", Answer.ABSENT, ""),
        ("Lỗi: dữ liệu không hợp lệ", Answer.SILENT, ""),
        ("Hệ thống bận, thử lại sau", Answer.SILENT, ""),
    ],
)
def test_an_office_that_says_everything_in_one_string(text: str, answer: Answer, status: str) -> None:
    """Only the declared words mean that it is not there; any other sentence is no answer."""
    asked, wire = ask("gplx_dlms", soap(text), code="099001000001")
    assert (asked.theirs.answer, asked.theirs.status) == (answer, status)
    assert b"099001000001" in wire.sent[0].content
