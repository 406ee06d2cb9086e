"""A person settles on the partner's word: what follows is the same as after an answer that says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bus.bulk import Runner
from bus.delivery import State
from bus.on_word import OnWord
from bus.questions import build, carried
from bus.records import (
    Act,
    Acted,
    Action,
    Decision,
    NextStep,
    PlanAct,
    PlanDraft,
    PlanItem,
    PlanItemState,
    PlanLine,
    Settlement,
)
from bus.routes import RouteTable
from bus.routing import House
from schemas.problem import Refused, Stage, problem
from schemas.xmldoc import to_bytes
from tests.unit.bus.kit import Desk, canonical_text, dossier, house, soap

NUMBER = "099010000123"


@pytest.fixture
def desk() -> Desk:
    """A dossier on its way to the licence office."""
    made = Desk()
    made.say("mot_cua_cmon", soap("pushDocument", dossier(maLoaiHoSo="TN02")))
    return made


@pytest.fixture
def doubtful(desk: Desk) -> str:
    """Nobody knows whether the licence office has it: left to a person."""
    message = desk.told[0].delivery_id.partition(":")[0]
    portal, office = f"{message}:cong_dvcqg", f"{message}:gplx_dlms"  # the route has an order
    for one in (portal, office):
        cause = problem("LT-DLV-006", Stage.DELIVER, {"endpoint": one})
        parked = Decision(NextStep.PARK, cause.text_vi, problem=cause, counts=False)
        assert desk.journal.settle(Settlement(None, b"", "", one, "", parked)).result().applied
        if one is portal:
            assert desk.journal.act(Action(Act.SETTLE, one, "cb.an", "sổ của cổng")).result().done
    return office


def settle(desk: Desk, delivery: str, within: House | None = None) -> Acted:
    """As the plan of a reconciliation does."""
    act = Action(Act.SETTLE, delivery, "cb.an", "sổ của bên nhận", learned=(("gplx_dlms", NUMBER),))
    return desk.journal.act(OnWord(desk.journal, within or house(), desk.clock).complete(act)).result()


def test_a_dossier_that_was_settled_is_asked_about_later(desk: Desk, doubtful: str) -> None:
    """Without the question nobody would ever hear what became of it."""
    done = settle(desk, doubtful)
    (question,) = [
        record for record in done.feed if desk.work(record.delivery_id).delivery.operation != "TaiAnhDinhKem"
    ]
    born = desk.work(question.delivery_id)
    assert (done.done, born.delivery.operation, born.delivery.state) == (True, "GetTrangThaiHoSo", State.WAITING)
    assert born.delivery.next_at == desk.clock.now() + timedelta(seconds=5)
    assert ("gplx_dlms", NUMBER) in born.identities
    assert born.message.envelope.order_key == desk.work(doubtful).message.envelope.order_key


def test_a_question_that_was_settled_goes_on_with_what_is_known(desk: Desk, doubtful: str) -> None:
    """No status is told a second time for want of an answer."""
    question = next(
        one.delivery_id for one in settle(desk, doubtful).feed
        if desk.work(one.delivery_id).delivery.operation == "GetTrangThaiHoSo"
    )  # fmt: skip
    item = desk.work(question)
    known = to_bytes(build("hoi_trang_thai", {**carried(item), "TrangThaiDaBiet": "02"}))
    word = OnWord(desk.journal, house(), desk.clock)
    (derived,) = word._born(
        replace(item, message=replace(item.message, body=known)), Action(Act.SETTLE, question, "", "")
    )
    (again,) = derived.acceptance.items
    assert (again.message.envelope.kind, canonical_text(again, "TrangThaiDaBiet")) == ("hoi_trang_thai", "02")


def test_other_acts_bear_nothing(desk: Desk, doubtful: str) -> None:
    """What is sent again says itself what follows."""
    act = Action(Act.RELEASE, doubtful, "cb.an", "đã xem")
    assert OnWord(desk.journal, house(), desk.clock).complete(act) is act


def test_what_nobody_knows_any_more_bears_nothing(desk: Desk, doubtful: str) -> None:
    """The journal says so itself; an endpoint that was taken down keeps nobody from settling."""
    told = len(desk.told)
    nowhere = House(house().adapters, RouteTable((), {}))
    assert (settle(desk, doubtful, nowhere).done, len(desk.told)) == (True, told)
    unknown = Action(Act.SETTLE, "0" * 32 + ":gplx_dlms", "cb.an", "sổ")
    assert OnWord(desk.journal, house(), desk.clock).complete(unknown) is unknown


def test_what_cannot_follow_is_said_and_nothing_is_settled(desk: Desk, doubtful: str) -> None:
    """A route is missing: the item of the plan says so, and a person mends it first."""
    table = house().routes
    without = House(house().adapters, RouteTable((), table.endpoints))
    word = OnWord(desk.journal, without, desk.clock)
    with pytest.raises(Refused):
        settle(desk, doubtful, without)
    lines = (PlanLine(doubtful, PlanAct.SETTLE),)
    plan = desk.journal.make_plan(PlanDraft("an", "đối soát", "reconcile", lines)).result()
    told: list[PlanItem] = []
    runner = Runner(desk.journal, None, desk.clock, None, desk.clock.move, word.complete)  # type: ignore[arg-type]
    runner.run(plan, who="an", told=told.append)
    assert [(one.state, bool(one.result)) for one in told] == [(PlanItemState.REFUSED, True)]
    assert desk.work(doubtful).delivery.state is State.PARKED


def test_what_was_erased_bears_nothing(desk: Desk, doubtful: str) -> None:
    """Its days are over: it can be settled, and says nothing any more."""
    item = desk.work(doubtful)
    erased = replace(item, message=replace(item.message, body=b""))
    assert OnWord(desk.journal, house(), desk.clock)._born(erased, Action(Act.SETTLE, doubtful, "", "")) == ()
