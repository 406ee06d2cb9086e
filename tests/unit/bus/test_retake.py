"""A refused message taken again: from the bytes as they came, by today's tables, once."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from adapters.manifest import AnswerKind
from bus.records import Query
from bus.retake import Retaking
from bus.routes import RouteTable
from schemas.message import Party
from schemas.problem import Stage, problem
from tests.unit.bus.kit import CMON, PORTAL, Desk, callback, dossier, soap, submission


@pytest.fixture
def desk() -> Desk:
    """A door whose routes were forgotten: everything is refused."""
    made = Desk()
    right = made.house
    made.house = replace(right, routes=RouteTable((), right.routes.endpoints))
    made.intake = replace(made.intake, house=made.house)
    made.house = right  # as it is once somebody has mended it
    return made


def refused(desk: Desk, *items: str) -> str:
    """A refused message's id."""
    assert desk.say("mot_cua_cmon", soap("pushDocument", *(items or (dossier(),)))).kind is AnswerKind.INVALID
    return desk.journal.find(Query(verdict="rejected", limit=1))[0].envelope.id


def retaking(desk: Desk) -> Retaking:
    """By the mended routes."""
    return Retaking(desk.journal, desk._tell, desk.house, desk.clock)


def test_it_is_accepted_with_the_refused_one_as_its_cause(desk: Desk) -> None:
    """New ids, the same bytes, the sender's name; its deliveries are told to the queue; the refusal stays on record."""
    first = refused(desk)
    taken = retaking(desk).take_again(first)
    assert (taken.reason, len(taken.message_ids)) == ("", 1)
    journey = desk.journal.journey(taken.message_ids[0])
    assert journey is not None
    assert (journey.verdict, journey.causes[-1], journey.envelope.sender) == ("accepted", first, CMON)
    assert [one.delivery_id.partition(":")[0] for one in desk.told] == [taken.message_ids[0]]
    before, again = desk.journal.body(first, "raw"), desk.journal.body(journey.causes[0], "raw")
    assert before is not None
    assert again is not None
    assert (before.body, before.envelope.sha256) == (again.body, again.envelope.sha256)
    old = desk.journal.journey(first)
    assert old is not None
    assert old.verdict == "rejected"


def test_it_is_taken_once(desk: Desk) -> None:
    """Whoever asks for it again, or never heard the answer, gets the same ids; nothing new is written."""
    first = refused(desk)
    taken = retaking(desk).take_again(first)
    assert retaking(desk).take_again(first) == taken
    assert len(desk.told) == 1
    assert sum(desk.journal.counts().values()) == 1


def test_what_the_sender_sent_again_meanwhile_is_a_duplicate(desk: Desk) -> None:
    """The sender repeated it after the mending: the first copy's id is told, and it is delivered once."""
    first = refused(desk)
    desk.intake = replace(desk.intake, house=desk.house)
    assert desk.say("mot_cua_cmon", soap("pushDocument", dossier())).kind is AnswerKind.ACCEPTED
    taken = retaking(desk).take_again(first)
    assert taken.message_ids == (desk.told[0].delivery_id.partition(":")[0],)
    assert sum(desk.journal.counts().values()) == 1


def test_what_still_is_not_valid_stays_refused(desk: Desk) -> None:
    """All that is wrong is told, and nothing is written."""
    first = refused(desk)
    still = replace(retaking(desk), house=desk.intake.house).take_again(first)
    assert (still.message_ids, [one.code for one in still.problems]) == ((), ["LT-ROUTE-001"])
    assert still.reason == still.problems[0].text_vi
    assert len(desk.journal.find(Query(limit=50))) == 1


def test_an_envelope_with_several_dossiers(desk: Desk) -> None:
    """All of them, in their order."""
    first = refused(desk, dossier("TN01-2026-0101"), dossier("TN01-2026-0102"))
    taken = retaking(desk).take_again(first)
    assert [one.delivery_id.partition(":")[0] for one in desk.told] == list(taken.message_ids)
    assert len(taken.message_ids) == 2


def test_a_callback_of_the_portal_finds_its_operation_again(desk: Desk) -> None:
    """Where the address says which operation it is, the record of it does."""
    assert desk.say("cong_dvcqg", callback("addtthcKhuyenMai", submission()), PORTAL).kind is AnswerKind.INVALID
    first = desk.journal.find(Query(verdict="rejected", limit=1))[0].envelope.id
    taken = retaking(desk).take_again(first)
    assert (taken.reason, len(taken.message_ids)) == ("", 1)


def test_what_cannot_be_taken_again_says_why(desk: Desk) -> None:
    """Unknown; accepted; refused before anybody knew who called; a question."""
    request = soap("pushDocument", dossier())
    adapter = desk.house.adapters["mot_cua_cmon"]
    asyncio.run(desk.intake.refuse(adapter, request, (problem("LT-PIPE-005", Stage.ACCEPT),), ""))
    stranger = desk.journal.find(Query(verdict="rejected", limit=1))[0].envelope
    assert stranger.sender == Party("", "", "mot_cua_cmon")
    desk.intake = replace(desk.intake, house=desk.house)
    desk.say("mot_cua_cmon", soap("pushDocument", dossier("TN01-2026-0109")))
    accepted = desk.told[-1].delivery_id.partition(":")[0]
    for message_id, word in (("0" * 32, "nhật ký"), (accepted, "Không phải"), (stranger.id, "Không rõ ai")):
        told = retaking(desk).take_again(message_id)
        assert (told.message_ids, word in told.reason) == ((), True), json.dumps(told.reason)
