"""What is born when a delivery is taken: a question to ask later, a status read from the answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from lxml import etree

from bus.aftermath import Taken, aftermath
from bus.days import day_of
from bus.questions import build, carried, question_element
from bus.records import AcceptItem, WorkItem
from schemas.problem import Refused
from schemas.xmldoc import parse, to_bytes
from tests.unit.bus.kit import Desk, adapter, canonical_text, dossier, house, soap

NUMBER = "099010000123"


def answer(code: str) -> etree._Element:
    return parse(
        '<GetTrangThaiHoSoResponse xmlns="http://tempuri.org/">'
        f"<GetTrangThaiHoSoResult>{code}</GetTrangThaiHoSoResult></GetTrangThaiHoSoResponse>".encode()
    )


@pytest.fixture
def desk() -> Desk:
    made = Desk()
    made.say("mot_cua_cmon", soap("pushDocument", dossier(maLoaiHoSo="TN02")))
    return made


def taken(desk: Desk, endpoint: str, code: str = "", reply: etree._Element | None = None) -> Taken:
    message = desk.told[0].delivery_id.partition(":")[0]
    return Taken(desk.work(f"{message}:{endpoint}"), adapter(endpoint), reply, code, desk.clock.now())


def born(what: Taken) -> list[AcceptItem]:
    return [item for derived in aftermath(what, house()) for item in derived.acceptance.items]


def question(desk: Desk) -> WorkItem:
    """The question born when the department took the dossier, accepted like everything else."""
    (derived,) = aftermath(taken(desk, "gplx_dlms", NUMBER), house())
    (result,) = desk.journal.accept(derived.acceptance).result()
    return desk.work(result.feed[0].delivery_id)


def test_an_operation_without_rules_bears_nothing(desk: Desk) -> None:
    """Most do not."""
    assert aftermath(taken(desk, "cong_dvcqg"), house()) == ()


def test_a_taken_dossier_is_asked_about_later(desk: Desk) -> None:
    """After the declared time, for the same dossier, caused by the answer."""
    what = taken(desk, "gplx_dlms", NUMBER)
    (item,) = born(what)
    assert (item.message.envelope.kind, item.dossier.known) == ("hoi_trang_thai", what.item.message.envelope.order_key)
    assert item.deliveries[0].not_before == what.now + timedelta(seconds=5)
    assert canonical_text(item, "MaHoSoDonVi") == "TN01-2026-0101"
    assert item.message.envelope.correlation == what.item.message.envelope.correlation
    assert day_of(item.message.envelope) == day_of(what.item.message.envelope)


def asked(desk: Desk, code: str, known: str = "") -> list[AcceptItem]:
    item = question(desk)
    if known:
        body = to_bytes(build("hoi_trang_thai", {**carried(item), "TrangThaiDaBiet": known}))
        item = replace(item, message=replace(item.message, body=body))
    return born(Taken(item, adapter("gplx_dlms"), answer(code), code, desk.clock.now()))


def test_a_new_status_is_a_step_and_the_question_goes_on(desk: Desk) -> None:
    """The step says when we heard of it; the next question knows what we know."""
    step, again = asked(desk, "02")
    assert (step.message.envelope.kind, canonical_text(step, "TrangThai")) == ("tien_do", "4")
    assert canonical_text(step, "ThoiDiemXuLy")
    assert (again.message.envelope.kind, canonical_text(again, "TrangThaiDaBiet")) == ("hoi_trang_thai", "02")
    assert again.deliveries[0].not_before == desk.clock.now() + timedelta(seconds=10)


def test_the_same_status_is_no_step(desk: Desk) -> None:
    """Nothing new is told to nobody."""
    assert [item.message.envelope.kind for item in asked(desk, "02", known="02")] == ["hoi_trang_thai"]


def test_the_last_status_ends_the_questions(desk: Desk) -> None:
    """Nobody asks for ever."""
    assert [item.message.envelope.kind for item in asked(desk, "05")] == ["tien_do"]


def test_a_status_that_no_table_knows_is_refused(desk: Desk) -> None:
    """A named problem, never a filler value: the attempt is kept and a person sees it."""
    with pytest.raises(Refused) as caught:
        asked(desk, "88")
    assert "LT-MAP-120" in [found.code for found in caught.value.problems]


def test_a_question_says_the_dossiers_names_and_nothing_else(desk: Desk) -> None:
    """In the partner's form."""
    item = taken(desk, "cong_dvcqg").item
    portal = adapter("cong_dvcqg")
    element = question_element(item, portal, portal.manifest.operations["TraCuuHoSo"])
    text = [leaf.text for leaf in element.iter() if leaf.text and leaf.text.strip()]
    assert dict(item.identities)["cong_dvcqg"] in text
    assert "Nguyễn Thị Thử Nghiệm" not in text


def test_a_question_that_cannot_be_said_is_refused(desk: Desk) -> None:
    """A dossier without a name there cannot be asked about."""
    item = taken(desk, "cong_dvcqg").item
    nameless = replace(item, identities=())
    portal = adapter("cong_dvcqg")
    with pytest.raises(Refused):
        question_element(nameless, portal, portal.manifest.operations["TraCuuHoSo"])


def test_what_is_missing_is_filled_in_and_nothing_is_changed() -> None:
    """Leaves stand at their place in the schema's order; unknown ones are left out."""
    made = build("tra_cuu", {"CoHoSo": "true", "MaHoSo": "QG-1", "KhongCo": "x"})
    assert [etree.QName(leaf).localname for leaf in made] == ["MaHoSo", "CoHoSo"]
