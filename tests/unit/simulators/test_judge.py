"""The judge finds what it must find, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from bus.simulators import Event, Item, Ledger, Line, judge, read_ledgers
from bus.simulators.marks import RESULT_STEP, read_dossier, read_step, write_mark

DESK, PORTAL = "TN01-2026-000001", "H99.12-260706-00001"
NAMES = (DESK, "099000000001")


def accepted(kind: str, step: int, *, to: tuple[str, ...] = ("portal",), **content: str) -> Line:
    item = Item(kind, DESK, step, names=NAMES, content=content, to=to)
    return Line(Event.ACCEPTED, "cmon", "r1", step + 1, 100.0 + step, item=item)


def received(
    kind: str, step: int, *, at: float, who: str = "portal", call: int = 0, again: bool = False, **content: str
) -> list[Line]:
    names = (PORTAL, "099000000001") if kind == "ho_so" else (PORTAL,)
    item = Item(kind, PORTAL, step, names=names, content=content)
    number = call or int(at * 10)
    return [
        Line(Event.RECEIVED, who, "r2", number, at, item=item, committed=True, again=again),
        Line(Event.ANSWERED, who, "r2", number, at + 0.5),
    ]


def test_all_delivered_in_order() -> None:
    """Everything accepted and taken once, in order: clean, with counts per kind."""
    steps = (("ho_so", 0), ("tien_do", 1), ("tien_do", 2), ("ket_qua", RESULT_STEP))
    lines = [accepted(*one) for one in steps]
    for at, one in enumerate(steps, start=110):
        lines += received(*one, at=at)
    verdict = judge(lines)
    assert verdict.clean
    assert verdict.order_kept
    assert (verdict.accepted, verdict.delivered) == (4, 4)
    assert verdict.kinds["tien_do", "portal"].delivered == 2
    assert (verdict.first_at, verdict.last_at) == (100.0, 113.0)


def test_lost() -> None:
    """Accepted and never taken is lost."""
    verdict = judge([accepted("ho_so", 0), accepted("tien_do", 1), *received("ho_so", 0, at=110)])
    assert (verdict.lost, verdict.delivered) == (1, 1)
    assert [(one.what, one.kind, one.dossier, one.step) for one in verdict.findings] == [("lost", "tien_do", DESK, 1)]


def test_lost_at_one_of_two_receivers() -> None:
    """A dossier that must reach two receivers and reached one is lost at the other."""
    verdict = judge([accepted("ho_so", 0, to=("portal", "dlms")), *received("ho_so", 0, at=110)])
    assert [(one.what, one.who) for one in verdict.findings] == [("lost", "dlms")]
    assert judge(
        [accepted("ho_so", 0, to=("portal", "dlms")), *received("ho_so", 0, at=110)], receivers=["portal"]
    ).clean


def test_reordered() -> None:
    """A step taken after a later one is reordered."""
    lines = [accepted("ho_so", 0), accepted("tien_do", 1), accepted("tien_do", 2)]
    lines += received("ho_so", 0, at=110) + received("tien_do", 2, at=111) + received("tien_do", 1, at=112)
    verdict = judge(lines)
    assert (verdict.reordered, verdict.lost, verdict.order_kept) == (1, 0, False)


def test_overlapped() -> None:
    """A call begun before the previous one of the same dossier was answered is overlapped."""
    lines = [accepted("ho_so", 0), accepted("tien_do", 1)]
    verdict = judge(lines + received("ho_so", 0, at=110) + received("tien_do", 1, at=110.4))
    assert (verdict.overlapped, verdict.order_kept) == (1, False)
    assert not judge(lines + received("ho_so", 0, at=110) + received("tien_do", 1, at=110.6)).overlapped


def test_several_steps_of_one_call_do_not_overlap() -> None:
    """Items of the same call are one call."""
    lines = [accepted("ho_so", 0), accepted("tien_do", 1), accepted("tien_do", 2), *received("ho_so", 0, at=110)]
    lines += received("tien_do", 1, at=111, call=7)[:1] + received("tien_do", 2, at=111, call=7)
    assert judge(lines).clean


def test_duplicates_and_repeats() -> None:
    """A step taken twice is a duplicate; the same dossier again as an update is a harmless repeat."""
    lines = [accepted("ho_so", 0), accepted("tien_do", 1)]
    lines += received("ho_so", 0, at=110) + received("ho_so", 0, at=111, again=True)
    lines += received("tien_do", 1, at=112) + received("tien_do", 1, at=113)
    verdict = judge(lines)
    assert (verdict.duplicates, verdict.repeats) == (1, 1)


def test_wrong_content() -> None:
    """Other content than was sent is wrong; another normal form, case, or a cut long name is not."""
    name = "Nguyễn Thị Thử Nghiệm Rất Là Dài"

    def wrong(got: str) -> int:
        return judge([accepted("ho_so", 0, name=name), *received("ho_so", 0, at=110, name=got)]).wrong

    assert wrong("Nguyễn Thị Thử Nghiem Rất Là Dài") == 1
    assert wrong("Nguye\u0302\u0303n Thị Thử Nghiệm  Rất Là Dài") == 0
    assert wrong("NGUYỄN THỊ THỬ NGHIỆM RẤT") == 0
    assert wrong("NGUYỄN") == 1


def test_unexpected() -> None:
    """Something taken that nobody offered is unexpected."""
    verdict = judge([accepted("ho_so", 0), *received("ho_so", 0, at=110), *received("tien_do", 4, at=111)])
    assert verdict.unexpected == 1


def test_offered_but_never_confirmed_may_arrive() -> None:
    """A sender that died before it got its answer makes nothing lost and nothing unexpected."""
    offered = Line(Event.OFFERED, "cmon", "r1", 1, 100.0, item=Item("ho_so", DESK, 0, names=NAMES, to=("portal",)))
    assert judge([offered]).clean
    assert judge([offered, *received("ho_so", 0, at=110)]).clean


def test_questions_beside_a_call_are_no_overlap() -> None:
    """A look-up while a call runs is allowed."""
    lines = [accepted("ho_so", 0), *received("ho_so", 0, at=110), *received("tra_cuu", -1, at=110.1)]
    assert judge(lines).clean


def test_two_people_are_not_mixed_up() -> None:
    """Dossiers that share no name stay apart: one delivered does not hide another lost."""
    other = Item("ho_so", "TN01-2026-000002", 0, names=("TN01-2026-000002", "099000000002"), to=("portal",))
    lines = [accepted("ho_so", 0), Line(Event.ACCEPTED, "cmon", "r1", 9, 101.0, item=other)]
    verdict = judge(lines + received("ho_so", 0, at=110))
    assert [one.dossier for one in verdict.findings] == ["TN01-2026-000002"]


def test_ledger_keeps_everything(tmp_path: Path) -> None:
    """What is written is read back the same; a last line cut off by a kill is left out."""
    path = tmp_path / "deep" / "ledger.jsonl"
    lines = [accepted("ho_so", 0, name="Nguyễn"), *received("tien_do", -1, at=110, again=True, text="")]
    ledger = Ledger(path)
    ledger.write(lines)
    ledger.close()
    assert read_ledgers(path, tmp_path / "none.jsonl") == tuple(lines)
    with path.open("ab") as file:
        file.write(b'{"event": "received", "who')
    assert read_ledgers(path) == tuple(lines)


@pytest.mark.parametrize("step", [1, 12])
def test_marks(step: int) -> None:
    """A mark written into a text is read back, in any normal form, with text around it."""
    text = "Ghi chú. " + write_mark(step, 15, action="Thẩm định", dossier=DESK)
    assert (read_step(text), read_dossier(text)) == (step, DESK)
    assert read_step(text.replace("ớ", "ơ\u0301")) == step
    assert (read_step("Tiếp nhận"), read_dossier("Tiếp nhận")) == (0, "")
