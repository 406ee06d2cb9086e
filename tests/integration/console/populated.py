"""A real SQLite journal with one message in every state, invented people in it, and the real application over it."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bus.delivery import Attempt, Pattern, Unclear
from bus.journal import SqlJournal, open_journal
from bus.outcome import Outcome
from bus.records import (
    Acceptance,
    AcceptItem,
    Act,
    Action,
    Content,
    Decision,
    DossierRef,
    Intent,
    NextStep,
    PlannedDelivery,
    Preparation,
    Rejection,
    Settlement,
)
from bus.web.app import DoorDeps, make_app
from bus.web.callers import Callers
from bus.web.console import ConsoleDeps, console_router
from bus.web.run import listening, make_server
from schemas.message import Envelope, Message, Party, new_id, sha256_hex
from schemas.problem import Place, Stage, problem

NAME, NUMBER, MAIL, PHONE, STREET = (
    "Nguyễn Thị Thử Nghiệm", "099000000017", "thu.nghiem@vidu.example", "0900000017", "Số 1 phố Thử Nghiệm",
)  # fmt: skip
CITIZEN = (NAME, NAME.upper(), "Thử Nghiệm", NUMBER, MAIL, PHONE)
ENDPOINTS = {
    "cong_dvcqg": "Cổng dịch vụ công quốc gia",
    "gplx_dlms": "Giấy phép lái xe",
    "mot_cua_cmon": "Phần mềm một cửa",
}
DESK = Party("H99.12", "Bộ phận Một cửa Sông Mây", "mot_cua_cmon")
_CANONICAL = f"""<HoSo xmlns="urn:lienthong:canonical:1"><MaHoSoDonVi>%s</MaHoSoDonVi><NguonGoc>don_vi</NguonGoc>\
<ThuTuc><Ma>9.999001</Ma><Ten>Thủ tục mẫu</Ten></ThuTuc><ChuHoSo><HoTen>{NAME}</HoTen>\
<GiayTo><So>{NUMBER}</So></GiayTo>\
<ThuongTru><ChiTiet>{STREET}</ChiTiet></ThuongTru><DienThoai>{PHONE}</DienThoai><ThuDienTu>{MAIL}</ThuDienTu></ChuHoSo>\
<NgayTiepNhan>2026-07-06T08:00:00+07:00</NgayTiepNhan><TrangThai>2</TrangThai></HoSo>"""
_OUT = f'{{"MaHoSo": "%s", "TrangThaiHoSo": "2", "ChuHoSo": "{NAME}", "SoGiayToChuHoSo": "{NUMBER}", "Khac": [1990]}}'
_RAW = f"<push><hoTenNguoiNop>{NAME}</hoTenNguoiNop><soCmnd>{NUMBER}</soCmnd><maSoHoSo>%s</maSoHoSo></push>"


@dataclass
class Populated:
    """The journal, and the ids of what is in it by name."""

    journal: SqlJournal
    folder: Path  # of the journal
    messages: dict[str, str] = field(default_factory=dict)
    _token: int = 0

    def accept(self, code: str, *planned: PlannedDelivery, kind: str = "ho_so") -> str:
        """One dossier's message; returns its id."""
        raw = _message("goc", (_RAW % code).encode(), code)
        body = (_CANONICAL % code).encode()
        envelope = replace(
            _message(kind, body, code).envelope, caused_by=raw.envelope.id, facts={"ma_tthc": "9.999001"}
        )
        item = AcceptItem(
            Message(envelope, body, "application/xml; charset=utf-8"),
            DossierRef((("mot_cua_cmon", code),), may_create=True),
            planned or (to("cong_dvcqg"),),
        )
        result = self.journal.accept(Acceptance(raw, (item,), True, "mot_cua_cmon")).result(20)[0]
        return result.message_id

    def refuse(self, code: str) -> str:
        """A message that was not taken."""
        found = problem("LT-SCH-005", Stage.VALIDATE_IN, {"name": "ngayHenTra", "type_vi": "ngày", "type_en": "a date"})
        place = Place("message", 7, "pushDocument/ngayHenTra", NAME)
        raw = _message("goc", (_RAW % code).encode(), code)
        self.journal.reject(Rejection(raw, (found.at(theirs=place),), "mot_cua_cmon")).result(20)
        return raw.envelope.id

    def grant(self, delivery_id: str, *, lease_s: float = 600) -> str:
        """Its content and an intent; returns the token."""
        self._token += 1
        token = f"1.{self._token}"
        number = self.journal.work([delivery_id])[0].next_attempt
        content = Content((_OUT % "TN").encode(), "application/json", "chữ ký", "ho-so-thu")
        intent = Intent(delivery_id, number, token, "w1", datetime.now(UTC) + timedelta(seconds=lease_s))
        granted = self.journal.prepare(Preparation(((delivery_id, content),), (intent,))).result(20)
        assert delivery_id in granted
        return token

    def attempt(
        self, delivery_id: str, outcome: Outcome, decision: Decision, *, text: str = "", status: int = 200
    ) -> None:
        """One try from intent to settlement."""
        number = self.journal.work([delivery_id])[0].next_attempt
        token = self.grant(delivery_id)
        attempt = Attempt(
            delivery_id=delivery_id, number=number, by="worker", worker="w1", token=token,
            started_at=datetime.now(UTC), duration_ms=1234, outcome=outcome, status=status, code="-3", text=text,
            problem_code=decision.problem.code if decision.problem else "", request_sha256=sha256_hex(b"x"),
            request_size=2048, reply_sha256=sha256_hex(b"y"), reply_size=31, peer="cong.example:443",
        )  # fmt: skip
        reply = f'{{"error_code": "-3", "message": "{NAME} {NUMBER}"}}'.encode()
        settled = self.journal.settle(Settlement(attempt, reply, "application/json", delivery_id, token, decision))
        assert settled.result(20).applied


def to(endpoint: str, **over: object) -> PlannedDelivery:
    """A planned delivery."""
    planned = PlannedDelivery(endpoint, "DongBoHoSoMC", Pattern.PUSH, Unclear.ASK)
    return replace(planned, **over)  # type: ignore[arg-type]  # test's shorthand


def _message(kind: str, body: bytes, code: str) -> Message:
    envelope = Envelope(
        id=new_id(), kind=kind, sender=DESK, receiver=None, operation="pushDocument",
        business_ids=(("mot_cua_cmon", code),), received_at=datetime.now(UTC), sha256=sha256_hex(body),
    )  # fmt: skip
    return Message(envelope, body, "text/xml; charset=utf-8")


WORDS = f"Công dân {NAME}, CCCD {NUMBER}, thư {MAIL}: hồ sơ TN01-2026-0001 đã có"
PARK = Decision(
    NextStep.PARK, f"Bên nhận từ chối: {NAME} ({NUMBER})",
    problem=problem("LT-DLV-001", Stage.DELIVER, {"endpoint": "cong_dvcqg", "operation": "DongBoHoSoMC", "code": "-3"}),
)  # fmt: skip
DONE = Decision(NextStep.DONE, "Đã giao")


def populate(path: Path) -> Populated:
    """One message in every state."""
    made = Populated(open_journal(f"sqlite:///{path}"), path.parent)
    soon = datetime.now(UTC) + timedelta(minutes=5)
    ids = made.messages
    ids["parked"] = made.accept("TN01-2026-0001")
    made.attempt(f"{ids['parked']}:cong_dvcqg", Outcome.REJECTED, PARK, text=WORDS)
    ids["held"] = made.accept("TN01-2026-0001", kind="tien_do")
    ids["held too"] = made.accept("TN01-2026-0001", kind="ket_qua")
    ids["waiting"] = made.accept("TN01-2026-0002")
    made.attempt(
        f"{ids['waiting']}:cong_dvcqg", Outcome.UNAVAILABLE, status=0,
        decision=Decision(NextStep.WAIT, "Bên nhận chưa sẵn sàng: lần 1/12", next_at=soon),
    )  # fmt: skip
    ids["unclear"] = made.accept("TN01-2026-0003")
    made.attempt(
        f"{ids['unclear']}:cong_dvcqg", Outcome.UNCLEAR, status=0,
        decision=Decision(NextStep.ASK, "Không rõ bên nhận đã nhận chưa: sẽ hỏi lại", next_at=soon),
    )  # fmt: skip
    ids["cancelled"] = made.accept("TN01-2026-0004")
    cancel = Action(Act.CANCEL, f"{ids['cancelled']}:cong_dvcqg", "vanhanh", f"Trùng với hồ sơ của {NAME}")
    assert made.journal.act(cancel).result(20).done
    ids["sending"] = made.accept("TN01-2026-0005")
    made.grant(f"{ids['sending']}:cong_dvcqg")
    ids["ready"] = made.accept("TN01-2026-0006")
    ids["pull"] = made.accept("TN01-2026-0007", to("mot_cua_cmon", pattern=Pattern.PULL))
    ids["two"] = made.accept("TN01-2026-0008", to("cong_dvcqg"), to("gplx_dlms", after_endpoint="cong_dvcqg"))
    ids["delivered"] = made.accept("TN01-2026-0009")
    made.attempt(f"{ids['delivered']}:cong_dvcqg", Outcome.ACCEPTED, DONE, text="Thành công")
    ids["rejected"] = made.refuse("TN01-2026-0010")
    return made


# ---------------------------------------------------------------- the application


@dataclass(frozen=True)
class Page:
    """One answer."""

    status: int
    headers: Mapping[str, str]
    text: str


@dataclass(frozen=True)
class Site:
    """A door process with the console, that can be asked."""

    port: int

    def get(self, path: str, *, method: str = "GET", **headers: str) -> Page:
        """One request from this machine, by its address unless `host` says otherwise."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        sent = {"host": f"127.0.0.1:{self.port}", **{name.replace("_", "-"): value for name, value in headers.items()}}
        try:
            connection.request(method, path, headers=sent)
            reply = connection.getresponse()
            return Page(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read().decode())
        finally:
            connection.close()


@contextmanager
def serving(journal: SqlJournal, *, host: str = "127.0.0.1") -> Iterator[Site]:
    """The real application over a journal, until the block ends."""
    router = console_router(ConsoleDeps(journal, endpoints=ENDPOINTS, systems=ENDPOINTS))
    app = make_app(DoorDeps(adapters={}, intake=_Nobody(), keys=Callers((), kinds={}), address="", routers=(router,)))
    sock = listening(host, 0)
    server = make_server(app)
    thread = threading.Thread(target=lambda: server.run(sockets=[sock]), daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        threading.Event().wait(0.01)
    try:
        yield Site(sock.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


class _Nobody:
    """No door is open in these tests."""

    async def handle(self, *_: object) -> None:  # type: ignore[override]  # never called
        raise AssertionError

    async def refuse(self, *_: object) -> None:  # type: ignore[override]  # never called
        raise AssertionError
