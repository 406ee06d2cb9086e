"""A whole bus with simulated partners as processes, and a caller that speaks to its doors by hand-written SOAP."""

from __future__ import annotations

import http.client
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any
from xml.sax.saxutils import escape

from bus.delivery import State
from bus.demo import Demo, DemoSize
from bus.feeder import Feeder
from bus.journal import SqlJournal, open_journal
from bus.queue import EmbeddedServer
from bus.queue.address import Address
from bus.queue.opening import Rules, open_partitions
from bus.records import Acted, Action, Journey, Query
from bus.replay import carry_out

NOTHING = DemoSize(counter=0, facade=0, online=0, steps=1)
SOMEBODY = "Nguyễn Thị Thử Nghiệm"
NS = "http://hoso.provider.exch.sharedservice.dtt.vn/"


@dataclass
class Bus:
    """A running bus. Every test uses dossiers of its own."""

    demo: Demo
    journal: SqlJournal
    secrets: Mapping[str, str]
    queue_address: str = ""  # "" = the private server's

    @classmethod
    def start(
        cls, folder: Path, size: DemoSize = NOTHING, *, journal_url: str = "",
        more: Mapping[str, tuple[str, ...]] = MappingProxyType({}), **environment: str,
    ) -> Bus:  # fmt: skip
        """Starts everything under `folder`; `journal_url` where the journal is not SQLite there; `more`: further
        arguments of the simulators."""
        demo = Demo(folder, size, environment=environment, more=more)
        try:
            demo.start()
        except BaseException:
            demo.stop()
            raise
        secrets = json.loads((folder / "secrets.json").read_text())
        private = f"sqlite:///{folder.resolve() / 'data' / 'journal.sqlite'}"
        return cls(demo, open_journal(journal_url or private), secrets)

    def stop(self) -> None:
        """Ends everything."""
        self.journal.close()
        self.demo.stop()

    def queue_url(self) -> str:
        """Address of the queue server, by default the private one."""
        return self.queue_address or EmbeddedServer(self.demo.folder.resolve() / "data" / "queue").url

    def act(self, action: Action) -> Acted:
        """What `lienthong release|replay|cancel` does."""
        partitions = int(self.demo.environment.get("LIENTHONG_QUEUE__PARTITIONS", "1"))
        queue = open_partitions(Address(self.queue_url()), Rules(partitions=partitions))
        try:
            return carry_out(action, self.journal, Feeder(self.journal, queue))
        finally:
            queue.close()

    # -- calling the doors --

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """One request to the door."""
        host = self.demo.addresses["door"].removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=30)
        try:
            connection.request("POST", path, body, dict(headers))
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    def soap(self, operation: str, inner: str, *, password: str | None = None) -> str:
        """The errCode of one CMON call, and its errMsg after a space."""
        secret = self.secrets["LIENTHONG_CMON_PASSWORD"] if password is None else password
        body = (
            '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
            f'<n:{operation} xmlns:n="{NS}"><arg0><password>{escape(secret)}</password>'
            f"<userName>motcua.demo</userName>{inner}</arg0></n:{operation}></soap:Body></soap:Envelope>"
        )
        status, reply = self.post("/mot_cua_cmon", body.encode(), {"content-type": "text/xml; charset=utf-8"})
        code = re.search(rb"<errCode>(\d+)</errCode>", reply)
        assert code, (status, reply[:500])
        message = re.search(rb"<errMsg>(.*?)</errMsg>", reply, re.DOTALL)
        return f"{code[1].decode()} {message[1].decode() if message else ''}".strip()

    def push(self, code: str, *, name: str = SOMEBODY, kind: str = "TN01", day: str = "06/07/2026") -> str:
        """pushDocument with one dossier."""
        return self.soap("pushDocument", dossier(code, name=name, kind=kind, day=day))

    def step(self, code: str, number: int, *, now: int = 1, then: int = 15) -> str:
        """updateStatus with one step."""
        return self.soap(
            "updateStatus",
            "<documentStatusSoapList><maNguoiXuLyHienTai>ltmau</maNguoiXuLyHienTai>"
            f"<maSoHoSo>{escape(code)}</maSoHoSo><ngayGioLuanChuyen>07/07/2026</ngayGioLuanChuyen>"
            f"<noiDungYeuCauXuLy>Bước {number}</noiDungYeuCauXuLy><onlineId>0</onlineId>"
            "<tenNguoiXuLyHienTai>Lê Thị Mẫu</tenNguoiXuLyHienTai>"
            f"<trangThaiHienTai>{now}</trangThaiHienTai><trangThaiKeTiep>{then}</trangThaiKeTiep>"
            "</documentStatusSoapList>",
        )

    def portal_call(self, path: str, value: object, *, key: str | None = None) -> Mapping[str, Any]:
        """A callback of the portal."""
        secret = self.secrets["LIENTHONG_DVCQG_CALLBACK_KEY"] if key is None else key
        headers = {"content-type": "application/json", "x-api-key": secret}
        _, reply = self.post(f"/cong_dvcqg/{path}", json.dumps(value).encode(), headers)
        found: Mapping[str, Any] = json.loads(reply)
        return found

    # -- the partners --

    def portal(self, **switches: float) -> None:
        """Changes the simulated portal's switches."""
        self.demo.control("portal", "set", switches)

    def portal_dossier(self, code: str) -> list[Mapping[str, Any]]:
        """What the portal took for a dossier, in order, by our local code."""
        number = self.portal_code(code)
        import urllib.request

        with urllib.request.urlopen(f"{self.demo.addresses['portal']}/_sim/state", timeout=10) as reply:
            state = json.load(reply)
        entries = state["by_dossier"].get(number, {"entries": []})["entries"]
        return [entry for entry in entries if entry["committed"]]

    # -- the journal --

    def portal_code(self, code: str) -> str:
        """The name the portal has for a dossier."""
        journey = self.journey(code, "ho_so")
        return dict(journey.identities)["cong_dvcqg"]

    def journey(self, code: str, kind: str) -> Journey:
        """The newest message of a kind of one dossier."""
        found = self.journal.find(Query(text=code, kind=kind, limit=5))
        assert found, f"nothing of kind {kind} for {code}"
        journey = self.journal.journey(found[0].envelope.id)
        assert journey is not None
        return journey

    def until(self, code: str, kind: str, state: State, *, seconds: float = 20) -> Journey:
        """The journey, once its first delivery is in a state."""
        end = time.monotonic() + seconds
        while True:
            journey = self.journey(code, kind)
            if journey.deliveries and journey.deliveries[0].state is state:
                return journey
            if time.monotonic() > end:
                raise AssertionError((code, kind, state, journey.deliveries, journey.attempts))
            time.sleep(0.1)


def dossier(code: str, *, name: str = SOMEBODY, kind: str = "TN01", day: str = "06/07/2026") -> str:
    """One ossDocumentSoapList."""
    return (
        f"<ossDocumentSoapList><gioiTinh>0</gioiTinh><hoTenNguoiNop>{escape(name)}</hoTenNguoiNop>"
        f"<maDonViTiepNhan>SMAY-MC01</maDonViTiepNhan><maLoaiHoSo>{kind}</maLoaiHoSo>"
        f"<maNguoiTiepNhan>ltmau</maNguoiTiepNhan><maSoHoSo>{escape(code)}</maSoHoSo>"
        "<maTinhThuongTru>99</maTinhThuongTru><moTaDiaChiThuongTru>Số 1 phố Thử Nghiệm</moTaDiaChiThuongTru>"
        f"<ngayHenTra>13/07/2026</ngayHenTra><ngayNopHoSo>{day}</ngayNopHoSo><ngaySinh>01/01/1990</ngaySinh>"
        "<soCmnd>099000001</soCmnd><tenNguoiTiepNhan>Lê Thị Mẫu</tenNguoiTiepNhan></ossDocumentSoapList>"
    )
