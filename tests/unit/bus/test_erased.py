"""What reads a body where there is none any more says so, and nothing breaks."""

from __future__ import annotations

from dataclasses import replace

from adapters.manifest import AnswerKind
from bus.asks import answer_question
from bus.evidence.export import gather
from bus.journal import MemoryJournal
from bus.known import known_dossiers
from bus.records import Query
from bus.records.retaining import ErasedMark
from bus.retake import Retaking
from bus.routes import RouteTable
from bus.web.console.message_page import read_message
from bus.web.console.render import render
from signing.asic import seal
from signing.evidence import verify_evidence
from tests.contract.journal_world import START
from tests.unit.bus.kit import PORTAL, Desk, adapter, callback, dossier, read, soap, submission
from tests.unit.signing.issuer import NOW, Issuer

CODE = "QG-DEMO-000125"
RULE = "retention.body_days = 365"


def erase(journal: MemoryJournal) -> None:
    """Every body of every message."""
    for kept in journal._store.messages.values():
        for role, one in kept.bodies.items():
            was = (one.sha256, one.size)
            kept.bodies[role] = replace(one, data=b"", erased=ErasedMark(START, RULE), was=was)


def sent() -> Desk:
    """One submission of the portal, and nothing of its content."""
    desk = Desk()
    desk.say("cong_dvcqg", callback("addtthcKhuyenMai", submission(CODE)), PORTAL)
    erase(desk.journal)
    return desk


def test_a_question_about_it_is_answered_as_for_an_unknown_one() -> None:
    """What could be shown of the dossier is gone; the asker gets the usual answer."""
    ask = callback("search/call", {"madonvi": "000.00.00.H99", "service": "TraCuuHoSo", "masohoso": CODE})
    said = answer_question(adapter("cong_dvcqg"), read("cong_dvcqg", ask), sent().journal)
    assert said.kind is AnswerKind.UNKNOWN_DOSSIER


def test_a_later_message_still_knows_the_dossier() -> None:
    """What is needed of it stands in its envelope."""
    journal = sent().journal
    names = (("cong_dvcqg", CODE),)
    assert known_dossiers(journal, [names]).keys() == {names}


def test_a_refused_one_is_not_taken_again() -> None:
    """The reason tells when and by which rule it went."""
    desk = Desk()
    right = desk.house
    desk.intake = replace(desk.intake, house=replace(right, routes=RouteTable((), right.routes.endpoints)))
    desk.say("mot_cua_cmon", soap("pushDocument", dossier()))
    found = desk.journal.find(Query(verdict="rejected", limit=1))[0].envelope.id
    erase(desk.journal)
    taken = Retaking(desk.journal, desk._tell, right, desk.clock).take_again(found)
    assert taken.message_ids == ()
    assert RULE in taken.reason


def test_the_console_says_when_and_by_which_rule() -> None:
    """In place of the content, with the command that proves the journey; no command that would show it."""
    journal = sent().journal
    found = journal.find(Query(limit=1))[0].envelope.id
    page = read_message(journal, found, "", {})
    assert page is not None
    assert page.erased == f"Nội dung đã xoá ngày 2026-11-25 theo quy tắc {RULE}; bằng chứng vẫn còn"
    text = render("message.html", page=page, refresh=False).body.decode()
    assert page.erased in text
    assert "--without-bodies" in text
    assert "--unmask" not in text


def test_evidence_names_what_is_gone() -> None:
    """The container has no contents; each body is listed with its digest, when and by which rule it went."""
    journal = sent().journal
    found = journal.find(Query(limit=1))[0].envelope.id
    journey = journal.journey(found)
    assert journey is not None
    files = gather(journal, journey, now=START)
    assert not [name for name in files if name.startswith("bodies/")]
    assert RULE in files["message.json"][1].decode()


def test_evidence_that_only_claims_an_erasure_is_told_apart() -> None:
    """Without an entry that says so the container's own word is not repeated; the digest proves as before."""
    journal = sent().journal
    found = journal.find(Query(limit=1))[0].envelope.id
    journey = journal.journey(found)
    assert journey is not None
    root = Issuer.root()
    files = gather(journal, journey, now=NOW)
    report = verify_evidence(seal(files, root.person().signing(), now=NOW), None, None, now=NOW)
    gone = [one.en for one in report.statements if one.en.startswith("Body")]
    assert gone
    assert all("no entry says that it was erased" in text and RULE not in text for text in gone)
