"""Cross-field rules on canonical messages: the five pre-send checks and a few more. Each rule is named; pure code."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from lxml import etree

from schemas.findings import line_of, local, path_of
from schemas.problem import Place, Problem, Stage, catalogue, problem

FUTURE_TOLERANCE = timedelta(minutes=10)  # clocks of departments are not ours
STATUSES = frozenset(str(number) for number in range(1, 11))
DONE = frozenset({"9", "10"})
BEFORE_RECEPTION = frozenset({"1", "3"})  # newly registered, not accepted: nothing was received yet
ONLINE_LEVEL = "toan_trinh"  # a partly online procedure may rightly begin at the counter
ONLINE = "truc_tuyen"
_STATUS_NAMES = ("TrangThai", "TrangThaiTruoc")
# One digit over and over, or zeros with a small number: what software writes when it has nothing.
_FILLER = re.compile(r"(\d)\1{7,}|0{6,}\d{1,3}|0?123456789(?:012|0)?")


@dataclass(frozen=True, slots=True)
class Rule:
    """One named rule. Texts, owner and what to do stand in `schemas/problems/rules.toml` under `code`."""

    id: str
    code: str
    kinds: tuple[str, ...]  # root names it looks at
    check: Callable[[etree._Element, datetime], Iterator[tuple[etree._Element, Mapping[str, object]]]]

    @property
    def owner(self) -> str:
        """Who must act when it is broken."""
        return catalogue()[self.code].owner.value


Found = Iterator[tuple[etree._Element, Mapping[str, object]]]


def check_rules(element: etree._Element, *, now: datetime, waived: Collection[str] = ()) -> tuple[Problem, ...]:
    """Every broken rule but those waived for the sender. `now` is when we received the message, aware."""
    root, found = local(element.tag), []
    for rule in RULES:
        if root in rule.kinds and rule.id not in waived:
            for node, values in rule.check(element, now):
                made = problem(rule.code, Stage.VALIDATE_CANONICAL, values)
                place = Place("message", line_of(node), path_of(node, element), local(node.tag))
                found.append(made.at(ours=Place("schemas/rules.py", 0, rule.id), theirs=place))
    return tuple(found)


def _online_channel(element: etree._Element, now: datetime) -> Found:
    level, channel = _text(element, "ThuTuc/MucDo"), _text(element, "KenhThucHien")
    if level == ONLINE_LEVEL and channel != ONLINE:
        node = _child(element, "KenhThucHien")
        yield (element if node is None else node), {"muc_do": level, "kenh": channel or "—"}


def _received_day(element: etree._Element, now: datetime) -> Found:
    status = _text(element, "TrangThai")
    if _child(element, "NgayTiepNhan") is None and status not in BEFORE_RECEPTION:
        yield element, {"trang_thai": status}


def _finished_day(element: etree._Element, now: datetime) -> Found:
    status = _child(element, "TrangThai")
    if status is not None and status.text in DONE and _child(element, "NgayKetThucXuLy") is None:
        yield status, {"trang_thai": status.text or ""}


def _not_in_future(element: etree._Element, now: datetime) -> Found:
    for name in ("NgayTiepNhan", "NgayKetThucXuLy", "NgayTra", "ThoiDiemXuLy"):
        node = _child(element, name)
        at = _time(node)
        if node is not None and at is not None and at > now + FUTURE_TOLERANCE:
            yield node, {"name": name, "minutes": int(FUTURE_TOLERANCE.total_seconds() // 60)}


def _aware_times(element: etree._Element, now: datetime) -> Found:
    for name in ("NgayTiepNhan", "NgayKetThucXuLy", "NgayTra", "ThoiDiemXuLy"):
        node = _child(element, name)
        if node is not None and _time(node) is None:
            yield node, {"name": name}


def _order_of_days(element: etree._Element, now: datetime) -> Found:
    received, finished = _child(element, "NgayTiepNhan"), _child(element, "NgayKetThucXuLy")
    first, last = _time(received), _time(finished)
    if finished is not None and first is not None and last is not None and first > last:
        yield finished, {}


def _says_what_was_done(element: etree._Element, now: datetime) -> Found:
    steps = [element] if local(element.tag) == "TienDo" else list(element.iterfind("{*}QuaTrinhXuLy/{*}TienDo"))
    for step in steps:
        node = _child(step, "NoiDungXuLy")
        if node is None or not (node.text or "").strip():
            yield (step if node is None else node), {}


def _no_filler(element: etree._Element, now: datetime) -> Found:
    for node in element.iterfind(".//{*}So"):
        parent = node.getparent()
        if parent is not None and local(parent.tag) in ("GiayTo", "DinhDanh") and _FILLER.fullmatch(node.text or ""):
            yield node, {"path": path_of(node, element)}


def _national_status(element: etree._Element, now: datetime) -> Found:
    for name in _STATUS_NAMES:
        for node in element.iterfind(f".//{{*}}{name}"):
            if (node.text or "") not in STATUSES:
                yield node, {}


_DOSSIER = ("HoSo",)
_DATED = ("HoSo", "KetQua", "TraCuu", "TienDo")
RULES: tuple[Rule, ...] = (
    Rule("kenh_truc_tuyen", "LT-RULE-001", _DOSSIER, _online_channel),
    Rule("co_ngay_tiep_nhan", "LT-RULE-002", _DOSSIER, _received_day),
    Rule("co_ngay_ket_thuc", "LT-RULE-003", _DOSSIER, _finished_day),
    Rule("khong_o_tuong_lai", "LT-RULE-004", _DATED, _not_in_future),
    Rule("tiep_nhan_truoc_ket_thuc", "LT-RULE-005", ("HoSo", "TraCuu"), _order_of_days),
    Rule("co_noi_dung_xu_ly", "LT-RULE-006", ("TienDo", "HoSo"), _says_what_was_done),
    Rule("khong_so_dien_cho_co", "LT-RULE-007", ("HoSo", "KetQua", "BoSung", "PhiLePhi"), _no_filler),
    Rule("trang_thai_quoc_gia", "LT-RULE-008", ("HoSo", "TienDo", "KetQua", "TraCuu"), _national_status),
    Rule("thoi_diem_co_mui_gio", "LT-RULE-009", _DATED, _aware_times),
)


def _child(element: etree._Element, name: str) -> etree._Element | None:
    return element.find("{*}" + name)


def _text(element: etree._Element, path: str) -> str:
    return element.findtext("/".join("{*}" + step for step in path.split("/"))) or ""


def _time(node: etree._Element | None) -> datetime | None:
    try:
        at = datetime.fromisoformat((node.text or "").strip()) if node is not None else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None
