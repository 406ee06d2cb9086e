"""What the desk sends: scripts of calls for dossiers taken in at the counter and for fetched online dossiers."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bus.simulators.cmon_soap import Voice, read_reply
from bus.simulators.desk import Call, Script
from bus.simulators.ledger import Item
from bus.simulators.marks import RESULT_STEP, write_mark
from bus.simulators.options import CmonOptions
from bus.simulators.people import Person, officer, person, step_action

_UNITS = ("SMAY-MC01", "SMAY-MC02")
_LICENCE_UNIT = "SMAY-MC15"
_PROCESSING, _PROCESSED = "15", "6"


@dataclass(frozen=True, slots=True)
class DeskDossier:
    """A dossier as the desk knows it."""

    code: str  # maSoHoSo
    names: tuple[str, ...]
    online_id: int  # 0 = taken in at the counter
    steps: int
    licence: bool = False


class Scripts:
    """Makes scripts; the same options make the same ones."""

    def __init__(self, options: CmonOptions, voice: Voice, *, today: date) -> None:
        self._options, self._voice = options, voice
        self._received = today - timedelta(days=14)

    def counter(self, first: int, count: int, *, licences: float, results: float, steps: int) -> Iterator[Script]:
        """Scripts for dossiers `first` … taken in at the counter, `batch` of them in each."""
        size = max(1, self._options.batch)
        for start in range(first, first + count, size):
            numbers = range(start, min(start + size, first + count))
            yield self._script(numbers, licences=licences, results=results, steps=steps)

    def _script(self, numbers: Sequence[int], *, licences: float, results: float, steps: int) -> Script:
        taken = [self._taken_in(number, licences=licences, steps=steps) for number in numbers]
        dossiers = [dossier for dossier, _ in taken]
        if any(self._coin("invalid", number) < self._options.invalid_rate for number in numbers):
            return (self._broken(taken),)
        calls = [self._push(taken)]
        calls += [self._steps(dossiers, step) for step in range(1, steps + 1)]
        done = [
            (dossier, person(number, seed=self._options.seed))
            for dossier, number in zip(dossiers, numbers, strict=True)
            if self._coin("result", number) < results
        ]
        return (*calls, self._results(done)) if done else tuple(calls)

    def online(self, dossier: DeskDossier) -> Script:
        """The steps of a fetched dossier."""
        return tuple(self._steps([dossier], step) for step in range(1, dossier.steps + 1))

    def _taken_in(self, number: int, *, licences: float, steps: int) -> tuple[DeskDossier, dict[str, str]]:
        licence = self._coin("licence", number) < licences
        kinds = self._options.licence_kinds if licence else self._options.kinds
        kind = kinds[number % len(kinds)]
        somebody = person(number, seed=self._options.seed)
        code = f"{kind}-{self._received.year}-{self._options.seed:02d}{number:06d}"
        dossier = DeskDossier(code, (code, somebody.identity), 0, steps, licence)
        clerk = officer(0)
        unit = _LICENCE_UNIT if licence else _UNITS[number % len(_UNITS)]
        return dossier, {
            "gioiTinh": "0" if somebody.female else "1",
            "hoTenNguoiNop": somebody.name,
            "maDonViTiepNhan": unit,
            "maLoaiHoSo": kind,
            "maNguoiTiepNhan": clerk.code,
            "maSoHoSo": code,
            "maTinhThuongTru": "99",
            "moTaDiaChiThuongTru": somebody.address,
            "ngayHenTra": _day(self._received + timedelta(days=30)),
            "ngayNopHoSo": _day(self._received),
            "ngaySinh": somebody.birthday,
            "soCmnd": somebody.identity,
            "tenNguoiTiepNhan": clerk.name,
        }

    def _push(self, taken: Sequence[tuple[DeskDossier, dict[str, str]]]) -> Call:
        items = tuple(
            Item(
                "ho_so", dossier.code, 0, names=dossier.names,
                content={"name": record["hoTenNguoiNop"], "identity": record["soCmnd"]},
                to=("portal", "dlms") if dossier.licence else ("portal",),
            )
            for dossier, record in taken
        )  # fmt: skip
        return self._call("pushDocument", [record for _, record in taken], items)

    def _broken(self, taken: Sequence[tuple[DeskDossier, dict[str, str]]]) -> Call:
        """A day that does not exist: the bus must refuse it, never take today instead."""
        records = [{**record, "ngayNopHoSo": "31/02/2026"} for _, record in taken]
        items = tuple(Item("ho_so", dossier.code, 0, names=dossier.names) for dossier, _ in taken)
        return self._call("pushDocument", records, items, broken=True)

    def _steps(self, dossiers: Sequence[DeskDossier], step: int) -> Call:
        records, items = [], []
        for dossier in dossiers:
            text = write_mark(step, dossier.steps, action=step_action(step), dossier=dossier.code)
            records.append(self._step(dossier, step, text))
            items.append(
                Item("tien_do", dossier.code, step, names=dossier.names, content={"text": text}, to=("portal",))
            )
        return self._call("updateStatus", records, tuple(items))

    def _step(self, dossier: DeskDossier, step: int, text: str) -> dict[str, str]:
        now, after = officer(step - 1), officer(step)
        last = step == dossier.steps
        return {
            "maNguoiXuLyHienTai": now.code,
            "maNguoiXuLyKeTiep": after.code,
            "maSoHoSo": dossier.code,
            "ngayGioLuanChuyen": _day(self._received + timedelta(days=min(step, 13))),
            "ngayHenTra": _day(self._received + timedelta(days=30)),
            "noiDungYeuCauXuLy": text,
            "onlineId": str(dossier.online_id),
            "soGioThucHien": "2",
            "soGioYeuCauXuLy": "8",
            "tenNguoiXuLyHienTai": now.name,
            "tenNguoiXuLyKeTiep": after.name,
            "tenPhongBanXuLyHienTai": now.office,
            "tenPhongBanXuLyKeTiep": after.office,
            "trangThaiHienTai": "1" if step == 1 else _PROCESSING,
            "trangThaiKeTiep": _PROCESSED if last else _PROCESSING,
        }

    def _results(self, done: Sequence[tuple[DeskDossier, Person]]) -> Call:
        clerk = officer(0)
        day = _day(self._received + timedelta(days=13))
        records = [
            {
                "lePhiHoSo": "100000",
                "maCanBoTraKetQua": clerk.code,
                "maSoHoSo": dossier.code,
                "ngayHoanThanh": day,
                "ngayNhanKetQua": day,
                "phiXuLyHoSo": "0",
                "tenCanBoTraKetQua": clerk.name,
                "tenNguoiNhanKetQua": somebody.name,
            }
            for dossier, somebody in done
        ]
        items = tuple(
            Item("ket_qua", dossier.code, RESULT_STEP, names=dossier.names, to=("portal",)) for dossier, _ in done
        )
        return self._call("updateResult", records, items)

    def _call(
        self, operation: str, records: Sequence[dict[str, str]], items: tuple[Item, ...], *, broken: bool = False
    ) -> Call:
        return Call(
            service=operation,
            url=self._options.door,
            body=self._voice.records(operation, records),
            headers=self._voice.headers(),
            items=items,
            read=read_reply,
            broken=broken,
        )

    def _coin(self, what: str, number: int) -> float:
        return random.Random(f"{what}:{self._options.seed}:{number}").random()  # noqa: S311  # a simulator's dice


def _day(day: date) -> str:
    return day.strftime("%d/%m/%Y")
