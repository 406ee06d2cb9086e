"""What the simulated driving-licence office knows: registrations with their numbers, attachments and statuses."""

from __future__ import annotations

import binascii
import hashlib
import threading
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lxml import etree

from bus.simulators.book import Taken
from bus.simulators.dlms_form import NAMESPACE, check_registration
from bus.simulators.ledger import Event, Item, Line
from bus.simulators.marks import read_dossier, read_step

# Status words of the office, in the order a dossier goes through them.
STATUSES = ("01", "02", "04", "05")


@dataclass(frozen=True, slots=True)
class Result:
    """The text inside the result element, and what was taken."""

    text: str
    taken: tuple[Taken, ...] = ()
    good: bool = False


@dataclass(slots=True)
class _Registration:
    dossier: str
    since: float
    asked: int = 0
    fixed: str = ""  # the status, where somebody set it by hand
    attachments: set[str] = field(default_factory=set)


class Store:
    """Registrations by number. Thread-safe."""

    def __init__(self, *, again: str, status_by: str, status_seconds: float) -> None:
        self._again, self._status_by, self._status_seconds = again, status_by, status_seconds
        self._lock = threading.Lock()
        self._by_number: dict[str, _Registration] = {}
        self._by_dossier: dict[str, str] = {}

    def restore(self, lines: Iterable[Line]) -> None:
        """Knows again what an earlier run took, by its ledger."""
        for line in lines:
            item = line.item
            if item is None or item.kind != "ho_so" or line.who != "dlms" or line.event is not Event.RECEIVED:
                continue
            if line.committed and item.dossier not in self._by_dossier:
                self._register(item.dossier, line.at)

    def reset(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._by_number.clear()
            self._by_dossier.clear()

    def lose(self, name: str) -> bool:
        """Forgets a registration, called by its number or by the dossier's code. False: it was not there."""
        with self._lock:
            number = self._by_dossier.get(name, name)
            known = self._by_number.pop(number, None)
            if known is not None:
                self._by_dossier.pop(known.dossier, None)
        return known is not None

    def alter(self, name: str, status: str) -> bool:
        """Sets the status by hand. False: there is no such registration."""
        with self._lock:
            known = self._by_number.get(self._by_dossier.get(name, name))
            if known is not None:
                known.fixed = status
        return known is not None

    def register(self, record: etree._Element, *, now: float, commit: bool) -> Result:
        """TaoMoiHoSo."""
        values = {etree.QName(one).localname: one.text or "" for one in record}
        item = _dossier_item(values)
        fault = check_registration(record)
        if fault or not commit:
            return Result(fault or "Lỗi: hệ thống không xử lý được hồ sơ", (Taken(item, committed=False),))
        with self._lock:
            known = self._by_dossier.get(item.dossier)
            if known is not None:
                number = self._again == "number"
                text = known if number else f"Hồ sơ {item.dossier} đã tồn tại"
                return Result(text, (Taken(item, committed=number, again=number),), good=number)
            return Result(self._register(item.dossier, now), (Taken(item, committed=True),), good=True)

    def _register(self, dossier: str, now: float) -> str:
        number = registration_number(dossier)
        while number in self._by_number:  # two codes with the same digest: the next free one
            number = f"{number[:5]}{(int(number[5:]) + 1) % 10_000_000:07d}"
        self._by_number[number] = _Registration(dossier, now)
        self._by_dossier[dossier] = number
        return number

    def attach(self, record: etree._Element, *, commit: bool) -> Result:
        """TaiAnhDinhKem, TaiAnhChanDung."""
        values = {etree.QName(one).localname: one.text or "" for one in record}
        number = values.get("MaDK", "")
        with self._lock:
            known = self._by_number.get(number)
            if known is None:
                return Result(f"Lỗi: không tìm thấy mã đăng ký {number[:20]}")
            try:
                data = b64decode("".join(values.get("Data", "").split()), validate=True)
            except binascii.Error:
                return Result("Lỗi: dữ liệu tệp không đọc được")
            item = _attachment_item(known.dossier, data)
            if not data or not values.get("TenAnh", "").strip() or not commit:
                text = "Lỗi: tệp rỗng hoặc thiếu tên" if commit else "Lỗi: hệ thống không xử lý được tệp"
                return Result(text, (Taken(item, committed=False),))
            known.attachments.add(values["TenAnh"])
            return Result("Tải tệp thành công", (Taken(item, committed=True),), good=True)

    def status(self, number: str, *, now: float) -> Result:
        """GetTrangThaiHoSo: the status moves on with each ask or with time."""
        with self._lock:
            known = self._by_number.get(number)
            if known is None:
                return Result(f"Lỗi: không tìm thấy mã đăng ký {number[:20]}")
            step = known.asked if self._status_by == "ask" else int((now - known.since) / self._status_seconds)
            known.asked += 1
            item = Item("hoi_trang_thai", known.dossier, -1)
            text = known.fixed or STATUSES[min(step, len(STATUSES) - 1)]
            return Result(text, (Taken(item, committed=True),), good=True)


def registration_number(dossier: str) -> str:
    """Twelve digits that begin with 99001, always the same for a dossier code."""
    digest = int.from_bytes(hashlib.sha256(dossier.encode()).digest()[:8], "big")
    return f"99001{digest % 10_000_000:07d}"


def part_of(operation: etree._Element, name: str) -> etree._Element | None:
    """The qualified child of an operation's element."""
    return operation.find(f"{{{NAMESPACE}}}{name}")


def _dossier_item(values: Mapping[str, str]) -> Item:
    identity = values.get("SoCMT1", "")
    code = values.get("SoHoSo1", "") or _nameless(values)
    names = tuple(one for one in (code, identity) if one)
    content = {"name": values.get("HoVaTen1", ""), "identity": identity}
    return Item("ho_so", code, 0, names=names, content={name: text for name, text in content.items() if text})


def _nameless(values: Mapping[str, str]) -> str:
    """A dossier without SoHoSo1 is told apart by all that it says."""
    said = "|".join(f"{name}={text}" for name, text in sorted(values.items()))
    return f"khong-so-{hashlib.sha256(said.encode()).hexdigest()[:12]}"


def _attachment_item(dossier: str, data: bytes) -> Item:
    text = data[:300].decode("utf-8", "replace")
    head = text.split("\n")[1].removeprefix("% ") if text.count("\n") > 1 else ""
    step = read_step(head)
    names = tuple(one for one in (dossier, read_dossier(head)) if one)
    return Item("tep_dinh_kem", dossier, step or -1, names=names, content={"text": head} if step else {})
