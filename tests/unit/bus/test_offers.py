"""A page for a partner that fetches: what fits is on it, what does not is left to a person."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.wire.contract import Call
from bus.offers import offered_reply
from bus.records import NextStep, WorkItem
from tests.unit.bus.kit import PORTAL, Desk, adapter, callback, read, soap, submission


@pytest.fixture
def waiting() -> tuple[WorkItem, ...]:
    """Two submissions that wait to be fetched."""
    desk = Desk()
    for code in ("QG-DEMO-000125", "QG-DEMO-000126"):
        desk.say("cong_dvcqg", callback("addtthcKhuyenMai", submission(code)), PORTAL)
    now = desk.clock.now()
    return desk.journal.offer("mot_cua_cmon", limit=9, now=now, until=now).result()


def call(limit: int = 50) -> Call:
    made = read("mot_cua_cmon", soap("pullDocument"))
    return replace(made, operation=replace(made.operation, limit=limit))


def test_the_page_has_every_item_and_is_good_by_the_partners_schema(waiting: tuple[WorkItem, ...]) -> None:
    """In the partner's own form."""
    said, unfit = offered_reply(adapter("mot_cua_cmon"), call(), waiting)
    assert unfit == ()
    assert said.payload is not None
    assert len(list(said.payload.iter("{*}onlineDocumentSoapList"))) == 2
    assert said.payload.findtext(".//{*}conTiep") == "0"


def test_a_full_page_says_there_may_be_more(waiting: tuple[WorkItem, ...]) -> None:
    """The department comes again at once."""
    said, _ = offered_reply(adapter("mot_cua_cmon"), call(limit=2), waiting)
    assert said.payload is not None
    assert said.payload.findtext(".//{*}conTiep") == "1"


def test_what_cannot_be_said_is_parked_and_the_others_go(waiting: tuple[WorkItem, ...]) -> None:
    """One without its name there must not hold up the page."""
    said, unfit = offered_reply(adapter("mot_cua_cmon"), call(), (replace(waiting[0], identities=()), waiting[1]))
    assert said.payload is not None
    assert len(list(said.payload.iter("{*}onlineDocumentSoapList"))) == 1
    ((parked),) = unfit
    assert (parked.delivery_id, parked.decision.step) == (waiting[0].delivery.id, NextStep.PARK)
    assert parked.decision.problem is not None
    assert parked.decision.problem.code == "LT-DLV-007"


def test_what_the_partners_schema_forbids_is_parked_and_the_others_go(waiting: tuple[WorkItem, ...]) -> None:
    """A number that is none is found before the partner gets it."""
    names = (("mot_cua_cmon.online", "không phải số"), ("cong_dvcqg", "QG-DEMO-000125"))
    said, unfit = offered_reply(adapter("mot_cua_cmon"), call(), (replace(waiting[0], identities=names), waiting[1]))
    assert said.payload is not None
    assert [found.text for found in said.payload.iter("{*}onlineId")] == ["5002"]
    assert [each.delivery_id for each in unfit] == [waiting[0].delivery.id]


def test_nothing_waits_is_an_empty_page() -> None:
    """Not a fault."""
    said, unfit = offered_reply(adapter("mot_cua_cmon"), call(), ())
    assert said.payload is not None
    assert (list(said.payload.iter("{*}onlineDocumentSoapList")), unfit) == ([], ())
