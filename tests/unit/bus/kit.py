"""The shipped systems and routes, loaded once a process, with short ways to call them and to see what came of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from xml.sax.saxutils import escape

from adapters.adapter import Adapter
from adapters.wire.contract import Call, HttpRequest, Said
from adapters.wire.registry import inbound
from bus.compose import load_house
from bus.intake import Intake
from bus.journal import MemoryJournal
from bus.pipeline import Inbound, KnownDossier, Names
from bus.records import AcceptItem, Intent, Preparation, QueueRecord, WorkItem
from bus.routing import House
from bus.settings import load
from schemas.message import Envelope, Message, Party, sha256_hex
from schemas.xmldoc import parse

NOW = datetime(2026, 7, 20, 2, 0, tzinfo=UTC)
CMON = Party("H99.12", "Bộ phận Một cửa Sông Mây", "mot_cua_cmon")
PORTAL = Party("G99", "Cổng thử", "cong_dvcqg")


class SetClock:
    """Stands still until it is moved."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def now(self) -> datetime:
        """Aware UTC."""
        return self.at

    def monotonic(self) -> float:
        """Moves with the other."""
        return (self.at - NOW).total_seconds()

    def move(self, seconds: float) -> None:
        """Goes on."""
        self.at += timedelta(seconds=seconds)


@cache
def house() -> House:
    """Everything that is shipped."""
    return load_house(load())


def adapter(system: str) -> Adapter:
    """One shipped system."""
    return house().adapters[system]


def dossier(code: str = "TN01-2026-0101", **over: str) -> str:
    """One ossDocumentSoapList."""
    leaves = {
        "gioiTinh": "0", "hoTenNguoiNop": "Nguyễn Thị Thử Nghiệm", "maDonViTiepNhan": "SMAY-MC01",
        "maLoaiHoSo": "TN01", "maNguoiTiepNhan": "ltmau", "maSoHoSo": code, "maTinhThuongTru": "99",
        "moTaDiaChiThuongTru": "Số 1 phố Thử Nghiệm", "ngayHenTra": "13/07/2026", "ngayNopHoSo": "06/07/2026",
        "ngaySinh": "01/01/1990", "soCmnd": "099000001", "tenNguoiTiepNhan": "Lê Thị Mẫu", **over,
    }  # fmt: skip
    inside = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in leaves.items() if text)
    return f"<ossDocumentSoapList>{inside}</ossDocumentSoapList>"


def step(code: str = "TN01-2026-0101", **over: str) -> str:
    """One documentStatusSoapList."""
    return _from_sample("updateStatus-mot-buoc.xml", "documentStatusSoapList", code, over)


def result(code: str = "TN01-2026-0101", **over: str) -> str:
    """One documentResultSoapList. It does not say where its dossier was born."""
    return _from_sample("updateResult-da-tra.xml", "documentResultSoapList", code, over)


def _from_sample(file: str, name: str, code: str, over: Mapping[str, str]) -> str:
    element = parse((adapter("mot_cua_cmon").folder / "samples/in" / file).read_bytes()).find(f".//{name}")
    assert element is not None
    leaves = {child.tag: child.text or "" for child in element} | {"maSoHoSo": code} | over
    inside = "".join(f"<{leaf}>{escape(text)}</{leaf}>" for leaf, text in leaves.items() if text)
    return f"<{name}>{inside}</{name}>"


def soap(operation: str, *items: str, password: str = "bí mật") -> HttpRequest:
    """A call of the department's software."""
    body = (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        f'<ex:{operation} xmlns:ex="http://hoso.provider.exch.sharedservice.dtt.vn/"><arg0>'
        f"<password>{password}</password><userName>motcua.demo</userName>{''.join(items)}"
        f"</arg0></ex:{operation}></soap:Body></soap:Envelope>"
    ).encode()
    return HttpRequest("POST", "", {}, {"content-type": "text/xml; charset=utf-8"}, body, "http://bus.example/cmon")


def callback(path: str, value: object, **query: str) -> HttpRequest:
    """A callback of the portal, or a call of the JSON desk."""
    body = json.dumps(value, ensure_ascii=False).encode()
    headers = {"content-type": "application/json"}
    return HttpRequest("POST", f"/{path}", query, headers, body, "http://bus.example/cong")


def submission(code: str = "QG-DEMO-000125", **over: object) -> dict[str, object]:
    """A submission on the portal, with two attachments."""
    sample = adapter("cong_dvcqg").folder / "samples/in/addtthcKhuyenMai-hai-tep.json"
    made: dict[str, object] = json.loads(sample.read_text(encoding="utf-8"))
    return {**made, "MaHoSo": code, **over}


def read(system: str, request: HttpRequest) -> Call:
    """As the door reads it."""
    found = inbound(adapter(system).manifest.wire).read(adapter(system), request)
    assert isinstance(found, Call), found
    assert found.problems == ()
    return found


def raw(request: HttpRequest, party: Party = CMON) -> Message:
    """The bytes as they came."""
    envelope = Envelope(
        id="0" * 32, kind="goc", sender=party, receiver=None, operation="", business_ids=(), received_at=NOW,
        sha256=sha256_hex(request.body),
    )  # fmt: skip
    return Message(envelope, request.body, "text/xml")


def inbound_of(
    system: str, request: HttpRequest, *, party: Party = CMON, now: datetime = NOW,
    known: Mapping[Names, KnownDossier] | None = None,
) -> Inbound:  # fmt: skip
    """What the pipeline is given."""
    call = read(system, request)
    return Inbound(
        adapter(system), call.name, call.operation, call.payload, raw(request, party), party, now, known or {}
    )


def canonical_text(item: AcceptItem, path: str) -> str:
    """A leaf of a canonical message."""
    found = parse(item.message.body).find("/".join("{*}" + part for part in path.split("/")))
    return (found.text or "") if found is not None else ""


@dataclass
class Desk:
    """The door's inside over a journal in memory, and what the queue was told."""

    clock: SetClock = field(default_factory=SetClock)
    told: list[QueueRecord] = field(default_factory=list)
    house: House = field(default_factory=house)
    shared: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.journal = MemoryJournal(self.clock)
        self.intake = Intake(self.journal, self._tell, self.house, self.clock, self.shared)

    def _tell(self, records: Sequence[QueueRecord]) -> None:
        self.told += records

    def say(self, system: str, request: HttpRequest, party: Party = CMON) -> Said:
        """One authenticated call."""
        self.clock.move(0.001)
        call = read(system, request)
        return asyncio.run(self.intake.handle(self.house.adapters[system], call, request, party))

    def work(self, delivery_id: str) -> WorkItem:
        """What a worker would be given."""
        return self.journal.work([delivery_id])[0]

    def grant(self, delivery_id: str, token: str = "1.1") -> WorkItem:
        """An intent for it, as a worker says before it sends."""
        item = self.work(delivery_id)
        until = self.clock.now() + timedelta(seconds=60)
        intent = Intent(delivery_id, item.next_attempt, token, "w1", until)
        assert self.journal.prepare(Preparation((), (intent,))).result() == {delivery_id}
        return item
