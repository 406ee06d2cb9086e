"""Questions answered now from what the journal knows: the portal asks for a dossier."""

from __future__ import annotations

from lxml import etree

from adapters.adapter import Adapter
from adapters.manifest import AnswerKind
from adapters.mapping.plan import MapContext
from adapters.wire.contract import Call, Said
from bus.canonical import complete, new_root, text_at
from bus.days import day_of
from bus.ports import Journal
from schemas.message import Message
from schemas.problem import Refused, Stage, problem
from schemas.xmldoc import parse

# Leaves of the dossier that an answer may show. No name, no id number, no address: the asker has them or need not.
_SHOWN = ("MaHoSo", "MaHoSoDonVi", "NguonGoc", "KenhThucHien", "TrangThai", "NgayTiepNhan", "NgayHenTra")
_BLOCKS = ("ThuTuc", "CoQuan")


def answer_question(adapter: Adapter, call: Call, journal: Journal) -> Said:
    """The reply element for one question, or that the dossier is unknown.

    Raises:
        Refused: the operation's map cannot say it: a mistake in the system folder.
    """
    dossier = _dossier(adapter, call, journal)
    latest = journal.latest(dossier, "ho_so") if dossier else None
    if dossier is None or latest is None:
        return Said(AnswerKind.UNKNOWN_DOSSIER, (problem("LT-PIPE-003", Stage.RECEIVE),))
    if not latest.body:  # erased: what could be said of it is gone
        return Said(AnswerKind.UNKNOWN_DOSSIER, (problem("LT-PIPE-003", Stage.RECEIVE),))
    step = journal.latest(dossier, "tien_do")
    element = _answer(parse(latest.body), step)
    plan = adapter.maps[call.operation.map]
    names = {name.party: text_at(call.payload, name.path) for name in call.operation.dossier}
    done = plan.to_legacy(element, MapContext(on=day_of(latest.envelope), identities=names))
    if done.element is None or done.problems:
        raise Refused(done.problems)
    return Said(AnswerKind.ACCEPTED, payload=done.element, values={"dossier": dossier})


def _dossier(adapter: Adapter, call: Call, journal: Journal) -> str | None:
    for name in call.operation.dossier:
        code = text_at(call.payload, name.path)
        if code and code not in name.ignore and (found := journal.dossier(name.party, code)):
            return found
    return None


def _answer(dossier: etree._Element, step: Message | None) -> etree._Element:
    """TraCuu: what may be shown of the dossier, with the status of its newest step."""
    root = new_root("tra_cuu")
    values = {path: value for path in _SHOWN if (value := text_at(dossier, path))}
    if step is not None and step.body and (status := text_at(parse(step.body), "TrangThai")):
        values["TrangThai"] = status
    for block in _BLOCKS:
        for part in dossier.findall(f"{{*}}{block}"):
            root.append(parse(etree.tostring(part)))
    applicant = text_at(dossier, "ChuHoSo/LoaiDoiTuong")
    return complete(root, {**values, "CoHoSo": "true", **({"LoaiDoiTuong": applicant} if applicant else {})})
