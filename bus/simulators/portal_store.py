"""What the simulated portal knows: dossiers with their steps. Decides each service's answer; keeps no clock."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bus.simulators import portal_form
from bus.simulators.book import Taken
from bus.simulators.ledger import Event, Item, Line
from bus.simulators.marks import RESULT_STEP, read_dossier, read_step
from bus.simulators.people import OFFICERS
from schemas.jsondoc import JsonValue

Json = Mapping[str, JsonValue]

_OUR_EMAIL = re.compile(r"nguoi\d+@vidu\.example")  # see people.py: unique per person
_OUR_OFFICERS = frozenset(officer.name for officer in OFFICERS)


@dataclass(frozen=True, slots=True)
class Result:
    """What a service says, and which items it took."""

    code: str
    message: str
    taken: tuple[Taken, ...] = ()
    result: tuple[Json, ...] = ()

    @property
    def good(self) -> bool:
        """Success in the portal's terms."""
        return self.code == "0"


# What a look-up shows of a dossier beside its code and status.
SHOWN = ("MaTTHC", "NgayTiepNhan", "NgayHenTra")


@dataclass(slots=True)
class _Dossier:
    status: str = ""
    steps: list[Json] = field(default_factory=list)
    shown: dict[str, str] = field(default_factory=dict)


class Store:
    """Dossiers by the portal's code. Thread-safe. All items of a call are taken, or none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._synced: dict[str, _Dossier] = {}
        self._born_here: dict[str, str] = {}  # submissions of our own: code → status
        self._last_status: dict[str, Json] = {}
        self._mute: set[str] = set()  # look-ups of these get no usable answer

    def restore(self, lines: Iterable[Line]) -> None:
        """Knows again what an earlier run took, by its ledger."""
        with self._lock:
            for line in lines:
                if line.item is None or line.who != "portal":
                    continue
                if line.event is Event.OFFERED and line.item.kind == "ho_so":
                    self._born_here.setdefault(line.item.dossier, "1")
                if line.event is Event.RECEIVED and line.committed and line.service == "DongBoHoSoMC":
                    self._synced.setdefault(line.item.dossier, _Dossier())

    def reset(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._synced.clear()
            self._born_here.clear()
            self._last_status.clear()
            self._mute.clear()

    def submitted(self, code: str) -> None:
        """A submission of our own is about to be sent."""
        with self._lock:
            self._born_here.setdefault(code, "1")

    def sync_dossiers(self, data: JsonValue, *, updating: JsonValue, commit: bool) -> Result:
        """DongBoHoSoMC."""
        if updating not in ("True", "False"):
            return _no("isUpdating phải là chuỗi True hoặc False")
        update = updating == "True"
        with self._lock:
            return self._judged(
                data,
                portal_form.check_dossier,
                lambda item: _dossier_item(item, update=update),
                lambda item: self._known(item, update=update),
                self._keep_dossier if commit else _keep_nothing,
            )

    def _known(self, item: Json, *, update: bool) -> tuple[str, str]:
        exists = _text(item, "MaHoSo") in self._synced
        if exists and not update:
            return "-3", "Hồ sơ đã tồn tại"
        return ("", "") if exists or not update else ("-1", "Không tìm thấy hồ sơ để cập nhật")

    def _keep_dossier(self, item: Json, judged: Item) -> bool:
        dossier = self._synced.get(judged.dossier)
        again = dossier is not None and judged.kind == "ho_so"
        if dossier is None:
            dossier = self._synced[judged.dossier] = _Dossier()
        if judged.kind == "ket_qua":
            again = dossier.status == _text(item, "TrangThaiHoSo")
        dossier.status = _text(item, "TrangThaiHoSo")
        dossier.shown = {name: text for name in SHOWN if (text := _text(item, name))}
        return again

    def add_steps(self, data: JsonValue, *, commit: bool) -> Result:
        """CapNhatTienDoHoSoMC: appends, even what is there already; the contract knows no step id."""
        with self._lock:
            return self._judged(
                data,
                portal_form.check_step,
                _step_item,
                lambda item: ("", "") if _text(item, "MaHoSo") in self._synced else _UNKNOWN,
                self._keep_step if commit else _keep_nothing,
            )

    def _keep_step(self, item: Json, judged: Item) -> bool:
        dossier = self._synced[judged.dossier]
        dossier.steps.append(item)
        dossier.status = _text(item, "TrangThai")
        return False

    def set_status(self, data: JsonValue, *, kind: JsonValue, commit: bool) -> Result:
        """DongBoTrangThaiHoSo: a dossier born on the portal; `data` is a single object and `type` is "2"."""
        if kind != "2":
            return _no('type phải là chuỗi "2"')
        if not isinstance(data, dict):
            return _no("data phải là một đối tượng")
        with self._lock:
            return self._judged(
                [data],
                portal_form.check_status,
                _status_item,
                lambda item: ("", "") if _text(item, "MaHoSo") in self._born_here else _UNKNOWN,
                self._keep_status if commit else _keep_nothing,
            )

    def _keep_status(self, item: Json, judged: Item) -> bool:
        # Setting a status once more with the same content changes nothing, unlike appending a step.
        again = self._last_status.get(judged.dossier) == item
        self._last_status[judged.dossier] = item
        self._born_here[judged.dossier] = _text(item, "TrangThai")
        return again

    def look_up(self, code: JsonValue) -> Result:
        """TraCuuHoSo."""
        if not isinstance(code, str) or not code:
            return _no("Thiếu trường bắt buộc mahoso")
        with self._lock:
            if code in self._mute:
                return _no("Hệ thống bận, vui lòng thử lại sau")
            found = self._synced.get(code)
            status = found.status if found else self._born_here.get(code)
            shown = found.shown if found else {}
        result = () if status is None else ({"MaHoSo": code, **shown, "TrangThaiHoSo": status},)
        return Result("0", "", (Taken(Item("tra_cuu", code, -1), committed=False),), result)

    # ---------------------------------------------------------------- a partner that does not keep what it took

    def lose(self, code: str) -> bool:
        """Forgets a dossier with its steps. False: it was not there."""
        with self._lock:
            known = [store.pop(code, None) for store in (self._synced, self._born_here, self._last_status)]
        return any(one is not None for one in known)

    def alter(self, code: str, values: Mapping[str, str]) -> None:
        """Changes what is shown of a dossier, as if somebody had done it there by hand; opens it where it is not.

        Raises:
            ValueError: there is no such member.
        """
        known = ("TrangThaiHoSo", *SHOWN)
        if unknown := [name for name in values if name not in known]:
            raise ValueError(f"unknown member {unknown[0]!r}; known: {', '.join(known)}")
        with self._lock:
            if code in self._born_here:
                self._born_here[code] = values.get("TrangThaiHoSo", self._born_here[code])
                return
            dossier = self._synced.setdefault(code, _Dossier())
            dossier.status = values.get("TrangThaiHoSo", dossier.status)
            dossier.shown |= {name: text for name, text in values.items() if name in SHOWN}

    def mute(self, code: str, *, on: bool) -> None:
        """Look-ups of one dossier get no usable answer."""
        with self._lock:
            (self._mute.add if on else self._mute.discard)(code)

    def _judged(
        self,
        data: JsonValue,
        form: Callable[[JsonValue], str],
        read: Callable[[Json], Item],
        allowed: Callable[[Json], tuple[str, str]],
        keep: Callable[[Json, Item], bool],
    ) -> Result:
        """Checks every item, then keeps every item; the caller holds the lock."""
        if not isinstance(data, list) or not data:
            return _no("data phải là danh sách có ít nhất một phần tử")
        good: list[tuple[Json, Item]] = []
        fault = ("", "")
        for item in data:
            reason = form(item)
            if isinstance(item, dict):
                good.append((item, read(item)))
                fault = fault if fault[0] else (("-1", reason) if reason else allowed(item))
            else:
                fault = ("-1", reason)
        if fault[0]:
            return Result(*fault, tuple(Taken(judged, committed=False) for _, judged in good))
        if keep is _keep_nothing:
            return Result("-1", "Không xử lý", tuple(Taken(judged, committed=False) for _, judged in good))
        taken = tuple(Taken(judged, committed=True, again=keep(item, judged)) for item, judged in good)
        return Result("0", "Đồng bộ thành công", taken)


_UNKNOWN = ("-1", "Không tìm thấy hồ sơ")


def _keep_nothing(item: Json, judged: Item) -> bool:
    return False


def _no(message: str) -> Result:
    return Result("-1", message)


def _text(item: Json, name: str) -> str:
    value = item.get(name)
    return value if isinstance(value, str) else ""


def _names(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


def _dossier_item(item: Json, *, update: bool) -> Item:
    code = _text(item, "MaHoSo")
    email = _text(item, "Email").lower()
    result = update and _text(item, "TrangThaiHoSo") in ("9", "10")
    identity = _text(item, "SoGiayToChuHoSo")
    return Item(
        kind="ket_qua" if result else "ho_so",
        dossier=code,
        step=RESULT_STEP if result else 0,
        names=_names([code, identity, email if _OUR_EMAIL.fullmatch(email) else "", _text(item, "SoBienNhan")]),
        content={} if result else {name: text for name, text in _owner(item, identity) if text},
    )


def _owner(item: Json, identity: str) -> tuple[tuple[str, str], ...]:
    return ("name", _text(item, "ChuHoSo")), ("identity", identity), ("procedure", _text(item, "MaTTHC"))


def _step_item(item: Json) -> Item:
    code, text = _text(item, "MaHoSo"), _text(item, "NoiDungXuLy")
    step = read_step(text)
    if not step and _text(item, "TrangThai") == "10" and _text(item, "NguoiXuLy") in _OUR_OFFICERS:
        return Item("ket_qua", code, RESULT_STEP, names=_names([code, read_dossier(text)]))
    return Item(
        "tien_do", code, step or -1, names=_names([code, read_dossier(text)]), content={"text": text} if step else {}
    )


def _status_item(item: Json) -> Item:
    code, text = _text(item, "MaHoSo"), _text(item, "NoiDung")
    step = read_step(text)
    names = _names([code, _text(item, "MaHoSoDonVi"), read_dossier(text)])
    return Item("tien_do", code, step or -1, names=names, content={"text": text} if step else {})
