"""The simulated department that speaks the portal's JSON: posts bare arrays, as provincial fronts want them."""

from __future__ import annotations

import json
import os
import random
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from bus.simulators.book import Book
from bus.simulators.controls import count_of, number_of
from bus.simulators.desk import Call, Desk, Meaning, Reply, Said, Script
from bus.simulators.ledger import Item, Ledger
from bus.simulators.marks import RESULT_STEP, write_mark
from bus.simulators.options import FacadeOptions
from bus.simulators.people import AGENCY_NAME, officer, person, step_action
from bus.simulators.server import Answer, Seen, serve
from bus.simulators.switches import SENDER_SWITCHES
from schemas.jsondoc import loads
from schemas.problem import Refused

_GOOD = ("0", "00")
_AGAIN = ("9", "-9")


class FacadeScripts:
    """Makes scripts; the same options on the same day make the same ones."""

    def __init__(self, options: FacadeOptions, key: str, *, now: datetime) -> None:
        self._options, self._key = options, key
        self._received = (now - timedelta(days=14)).replace(hour=8, minute=30, second=15)

    def make(self, first: int, count: int, *, steps: int) -> Iterator[Script]:
        """Scripts for dossiers `first` …"""
        for number in range(first, first + count):
            yield self._script(number, steps)

    def _script(self, number: int, steps: int) -> Script:
        code = f"{self._options.agency}-{self._received:%y%m%d}-{1 + self._options.seed % 9}{number % 10_000:04d}"
        somebody = person(number, seed=self._options.seed + 250)
        names = (code, somebody.identity)
        dossier = self._dossier(code, number)
        if self._coin("invalid", number) < self._options.invalid_rate:
            broken = {**dossier, "NgayTiepNhan": "20260231000000"}
            return (self._call("DongBoHoSoMC", broken, Item("ho_so", code, 0, names=names), update="False", bad=True),)
        content = {"name": somebody.name, "identity": somebody.identity, "procedure": "9.999001"}
        item = Item("ho_so", code, 0, names=names, content=content, to=("portal",))
        calls = [self._call("DongBoHoSoMC", dossier, item, update="False")]
        for step in range(1, steps + 1):
            text = write_mark(step, steps, action=step_action(step), dossier=code)
            item = Item("tien_do", code, step, names=names, content={"text": text}, to=("portal",))
            calls.append(self._call("CapNhatTienDoHoSoMC", self._step(code, step, text), item))
        if self._coin("update", number) < self._options.updates:
            item = Item("ket_qua", code, RESULT_STEP, names=names, to=("portal",))
            calls.append(self._call("DongBoHoSoMC", {**dossier, **self._returned()}, item, update="True"))
        return tuple(calls)

    def _dossier(self, code: str, number: int) -> dict[str, object]:
        somebody = person(number, seed=self._options.seed + 250)
        return {
            "MaHoSo": code,
            "MaTTHC": "9.999001",
            "TenTTHC": "Cấp giấy phép thử nghiệm (giả định)",
            "MaLinhVuc": "G99-XX01",
            "TenLinhVuc": "Lĩnh vực thử nghiệm",
            "KenhThucHien": "1",
            "ChuHoSo": somebody.name,
            "SoGiayToChuHoSo": somebody.identity,
            "LoaiDoiTuong": "1",
            "MaDoiTuong": "",
            "ThongTinKhac": "",
            "Email": somebody.email,
            "Fax": "",
            "SoDienThoai": somebody.mobile,
            "TrichYeuHoSo": "Đề nghị cấp giấy phép thử nghiệm",
            "NgayTiepNhan": _stamp(self._received),
            "NgayHenTra": _stamp(self._received + timedelta(days=30)),
            "TrangThaiHoSo": "2",
            "NgayTra": "",
            "ThongTinTra": "",
            "HinhThuc": "0",
            "NgayKetThucXuLy": "",
            "DonViXuLy": AGENCY_NAME,
            "TaiLieuNop": [
                {
                    "TepDinhKemId": f"{number:07d}",
                    "TenTepDinhKem": "Đơn đề nghị.pdf",
                    "IsDeleted": "False",
                    "MaThanhPhanHoSo": "000.00.00.G99-KQ000001",
                    "DuongDanTaiTepTin": f"https://motcua.songmay.example/files/{number}",
                }
            ],
            "DanhSachLePhi": [],
            "DanhSachTepDinhKemKhac": [],
            "DanhSachHoSoBoSung": [],
            "DanhSachGiayToKetQua": [],
        }

    def _step(self, code: str, step: int, text: str) -> dict[str, object]:
        now = officer(step - 1)
        at = self._received + timedelta(hours=step * 4)
        return {
            "MaHoSo": code,
            "NguoiXuLy": now.name,
            "ChucDanh": "Chuyên viên",
            "ThoiDiemXuLy": _stamp(at),
            "PhongBanXuLy": now.office,
            "NoiDungXuLy": text,
            "TrangThai": "4",
            "NgayBatDau": _stamp(at - timedelta(hours=4)),
            "NgayKetThucTheoQuyDinh": _stamp(at + timedelta(days=1)),
        }

    def _returned(self) -> dict[str, object]:
        done = _stamp(self._received + timedelta(days=13))
        return {"TrangThaiHoSo": "10", "NgayTra": done, "NgayKetThucXuLy": done}

    def _call(
        self, service: str, item: Mapping[str, object], judged: Item, *, update: str = "", bad: bool = False
    ) -> Call:
        query = {"MaDinhDanhDV": self._options.agency} | ({"isUpdating": update} if update else {})
        return Call(
            service=service,
            url=f"{self._options.door.rstrip('/')}/{service}?{urlencode(query)}",
            body=json.dumps([item], ensure_ascii=False).encode(),
            headers={"Content-Type": "application/json; charset=utf-8", self._options.key_header: self._key},
            items=(judged,),
            read=read_reply,
            broken=bad,
        )

    def _coin(self, what: str, number: int) -> float:
        return random.Random(f"{what}:{self._options.seed}:{number}").random()  # noqa: S311  # a simulator's dice


class Facade:
    """One running department. Thread-safe."""

    name = "facade"

    def __init__(self, options: FacadeOptions) -> None:
        key = os.environ.get(options.key_env, "")
        if not key:
            raise ValueError(f"environment variable {options.key_env} is not set: the shared key at the bus")
        self._options = options
        self._book = Book(self.name, Ledger(options.ledger))
        self._switches = options.switches
        self._desk = Desk(self._book, options, switches=lambda: self._switches)
        self._scripts = FacadeScripts(options, key, now=datetime.now(ZoneInfo("Asia/Ho_Chi_Minh")))
        self._next = options.first
        self._lock = threading.Lock()

    def handle(self, seen: Seen) -> Answer:
        """Nobody calls a department."""
        return Answer(404, b"a department only calls; controls are below /_sim/", "text/plain")

    def answered(self, call: int, how: str) -> None:
        """Nobody calls a department."""

    def started(self) -> None:
        """Begins to send, if it is to."""
        if self._options.dossiers:
            self._push({"count": self._options.dossiers})

    def _push(self, given: Mapping[str, object]) -> int:
        count = count_of(given, "count", 1)
        with self._lock:
            first, self._next = self._next, self._next + count
        return self._desk.submit(self._scripts.make(first, count, steps=count_of(given, "steps", self._options.steps)))

    def control(self, action: str, given: Mapping[str, object]) -> object:
        """set, reset, push."""
        match action:
            case "set":
                self._switches = self._switches.changed(
                    {k: v for k, v in given.items() if k != "rate"}, only=SENDER_SWITCHES
                )
                if "rate" in given:
                    self._desk.set_rate(number_of(given, "rate"))
                return asdict(self._switches)
            case "reset":
                self._book.reset()
                return {"reset": True}
            case "push":
                return {"submitted": self._push(given)}
        raise LookupError(f"no control {action!r}: set, reset, push")

    def state(self, *, brief: bool) -> dict[str, object]:
        """What was sent and accepted."""
        state = {
            **self._book.totals(),
            "open_scripts": self._desk.open_scripts,
            "switches": asdict(self._switches),
        }
        return state if brief else {**state, "by_dossier": self._book.dossiers()}

    def close(self) -> None:
        """The end."""
        self._desk.close()
        self._book.close()


def read_reply(reply: Reply) -> Said:
    """The code decides, in `error_code` or, as one front has it, `response_code`; no usable answer = again."""
    if reply.status == 0 or reply.status >= 500:
        return Said(Meaning.AGAIN, f"http-{reply.status}", reply.detail)
    try:
        value = loads(reply.body)
    except Refused:
        value = None
    if not isinstance(value, dict):
        return Said(Meaning.AGAIN if reply.status < 400 else Meaning.REFUSED, f"http-{reply.status}")
    code = str(value.get("error_code", value.get("response_code", "")))
    text = str(value.get("message", ""))
    if reply.status >= 400:
        return Said(Meaning.REFUSED, code or f"http-{reply.status}", text)
    if code in _AGAIN:
        return Said(Meaning.AGAIN, code, text)
    return Said(Meaning.ACCEPTED if code in _GOOD else Meaning.REFUSED, code, text)


def serve_facade(options: FacadeOptions) -> None:
    """Runs the department until SIGTERM.

    Raises:
        ValueError: an option cannot be used, or the key is not in the environment.
        OSError: the port is taken.
    """
    serve(Facade(options), host=options.host, port=options.port)


def _stamp(at: datetime) -> str:
    return at.strftime("%Y%m%d%H%M%S")
