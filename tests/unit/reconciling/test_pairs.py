"""Our side of a comparison, taken from what the journal holds; statuses that are born at the partner."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bus.delivery import State
from bus.reconciling import Answer, Ours, Step, Theirs, compare, ours_of
from bus.reconciling.contents import content_of
from bus.records import Difference, HeldDelivery, Holding
from schemas.xmldoc import parse
from tests.unit.bus.kit import PORTAL, Desk, adapter, callback, dossier, soap, step, submission


def holding(desk: Desk, *deliveries: str) -> Holding:
    """As the journal tells it."""
    order_key = desk.work(deliveries[0]).message.envelope.order_key
    return desk.journal.holdings([order_key])[0]


def test_our_side_of_a_dossier_from_a_desk() -> None:
    """The code there, the steps in order with their statuses; not taken yet."""
    desk = Desk()
    desk.say("mot_cua_cmon", soap("pushDocument", dossier()))
    desk.say("mot_cua_cmon", soap("updateStatus", step()))
    ids = [record.delivery_id for record in desk.told]
    ours = ours_of(holding(desk, *ids), "cong_dvcqg", adapter("cong_dvcqg"))
    assert ours.code.startswith("H99.12-260706-")
    assert [(one.delivery_id, one.kind, one.taken) for one in ours.steps] == [
        (ids[0], "ho_so", False), (ids[1], "tien_do", False),
    ]  # fmt: skip
    assert all(one.status and one.shown == {one.status} for one in ours.steps)
    assert (ours.born_there, ours.status_from_them) == (False, False)


def test_what_is_being_sent_is_not_in_doubt() -> None:
    """An attempt under way is on its way, a lease that ran out is a doubt."""
    desk = Desk()
    desk.say("mot_cua_cmon", soap("pushDocument", dossier()))
    held = holding(desk, desk.told[0].delivery_id)
    for state, doubtful in ((State.SENDING, False), (State.READY, True), (State.UNCLEAR, True)):
        one = held.deliveries[0]
        doubt = HeldDelivery(replace(one.delivery, state=state), one.envelope, taken=False, doubtful=True)
        ours = ours_of(replace(held, deliveries=(doubt,)), "cong_dvcqg", adapter("cong_dvcqg"))
        assert ours.steps[0].doubtful is doubtful


def test_a_dossier_born_on_the_portal() -> None:
    """It is there without anything of ours; a status sent for it may be shown as the merged code."""
    desk = Desk()
    desk.say("cong_dvcqg", callback("addtthcKhuyenMai", submission()), PORTAL)
    order_key = desk.journal.dossier("cong_dvcqg", "QG-DEMO-000125")
    assert order_key is not None
    held = desk.journal.holdings([order_key])[0]
    ours = ours_of(held, "cong_dvcqg", adapter("cong_dvcqg"))
    assert (ours.born_there, ours.code, ours.steps) == (True, "QG-DEMO-000125", ())
    sent = HeldDelivery(
        replace(held.deliveries[0].delivery, endpoint="cong_dvcqg", operation="DongBoTrangThai"),
        replace(held.deliveries[0].envelope, kind="tien_do", facts={"trang_thai": "9", "nguon": "cong_dvcqg"}),
        taken=True, doubtful=False,
    )  # fmt: skip
    ours = ours_of(replace(held, deliveries=(sent,)), "cong_dvcqg", adapter("cong_dvcqg"))
    assert ours.steps[0].shown == {"9", "2"}
    for shown in ("9", "2"):
        assert compare(ours, Theirs(Answer.FOUND, shown)).difference is Difference.EQUAL
    assert compare(ours, Theirs(Answer.ABSENT)).repairs == ()


def made(number: int, kind: str, state: State, *, taken: bool = False) -> Step:
    return Step(f"m{number}:gplx", kind, "", frozenset(), state, taken, doubtful=False)


ARRIVED = replace(made(0, "ho_so", State.DELIVERED, taken=True), status="2", shown=frozenset({"2"}))
ASKED = made(1, "hoi_trang_thai", State.DELIVERED, taken=True)
ASKING = made(2, "hoi_trang_thai", State.WAITING)


@pytest.mark.parametrize(
    ("told", "status", "steps", "difference", "acts"),
    [
        (("2", "4"), "4", (ARRIVED, ASKED), Difference.EQUAL, []),
        (("2", "4"), "9", (ARRIVED, ASKED, ASKING), Difference.UNDERWAY, []),
        (("2", "4"), "9", (ARRIVED, ASKED), Difference.AHEAD, ["m1:gplx"]),
        ((), "4", (ARRIVED, ASKED), Difference.AHEAD, ["m1:gplx"]),
        (("2", "4"), "2", (ARRIVED, ASKED), Difference.BEHIND, []),
        (("2",), "9", (ARRIVED,), Difference.AHEAD, []),
    ],
    ids=["same", "still asking", "further", "never heard", "went back", "nothing to ask with"],
)
def test_a_status_that_is_born_there(
    told: tuple[str, ...], status: str, steps: tuple[Step, ...], difference: Difference, acts: list[str]
) -> None:
    """They are further than we heard: the question is asked again; they went back: the department is asked."""
    ours = Ours("gplx", "099001000001", steps, status_from_them=True, question="hoi_trang_thai", told=told)
    verdict = compare(ours, Theirs(Answer.FOUND, status))
    assert (verdict.difference, [one.delivery_id for one in verdict.repairs]) == (difference, acts)


def test_same_moment_same_text() -> None:
    """Whatever offset a moment is written with; a day alone stays a day; papers are counted."""
    space = 'xmlns="urn:lienthong:canonical:1"'
    one = parse(
        f"<HoSo {space}><NgayHenTra>2026-07-13T17:00:00+07:00</NgayHenTra><TepDinhKem/><TepDinhKem/></HoSo>".encode()
    )
    two = parse(f"<TraCuu {space}><NgayHenTra>2026-07-13T10:00:00Z</NgayHenTra></TraCuu>".encode())
    assert content_of(one)["NgayHenTra"] == content_of(two)["NgayHenTra"]
    assert content_of(one)["TepDinhKem (số lượng)"] == "2"
