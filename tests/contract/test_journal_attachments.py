"""What is found of signatures inside attachments stands with its message and in the chain, on every journal."""

from __future__ import annotations

import json
from dataclasses import replace

from bus.records import ItemStatus, Judgement, Query
from bus.records.examining import AttachmentFact, AttachmentPolicy, Backlog
from schemas.problem import Stage, problem
from tests.contract.journal_world import World, acceptance, item, world

__all__ = ["world"]

SIGNER = {"organisation": "Sở mẫu H99", "serial": "1a2b", "codes": []}
GOOD = AttachmentFact("TepDinhKem[1]", "pdf", "a" * 64, 1200, Judgement.VALID, (), (SIGNER,))
BAD = AttachmentFact("TepDinhKem[2]", "pdf", "b" * 64, 1300, Judgement.CHANGED, ("LT-ATT-003",), (SIGNER,))
NO = problem("LT-ATT-009", Stage.RECEIVE, {"place": "TepDinhKem[2]", "said_vi": "x", "said_en": "x", "codes": "x"})


def accepted(world: World, code: str, policy: AttachmentPolicy = AttachmentPolicy.WARN, **over: object) -> str:
    """One message whose attachments are asked for. Returns its id."""
    (result,) = world.accept(item(code, attachments=policy, **over))
    return result.message_id


def entries(world: World, message_id: str) -> list[dict[str, object]]:
    """What the chain says of its attachments."""
    found = [each for each in world.journal.entries_of([message_id]) if each.kind == "attachments"]
    return [json.loads(each.text)["facts"] for each in found]


def test_what_nobody_asks_for_does_not_wait(world: World) -> None:
    """A message without attachments costs the journal nothing."""
    (result,) = world.accept(item("TN-01"))
    assert world.journal.take_examinations(10).result(20) == ()
    journey = world.journal.journey(result.message_id)
    assert journey is not None
    assert journey.examination is None
    assert world.journal.examinations_waiting() == Backlog(0, None)


def test_it_waits_from_its_own_commit_on_and_each_taking_counts(world: World) -> None:
    """So that a message that brings its examiner down is known; those less often taken come first."""
    first, second = accepted(world, "TN-01"), accepted(world, "TN-02")
    assert world.journal.examinations_waiting().many == 2
    (one,) = world.journal.take_examinations(1).result(20)
    assert (one.message_id, one.tries, one.policy) == (first, 1, AttachmentPolicy.WARN)
    assert [each.message_id for each in world.journal.take_examinations(1).result(20)] == [second]
    again = world.journal.take_examinations(5).result(20)
    assert [(each.message_id, each.tries) for each in again] == [(first, 2), (second, 2)]
    journey = world.journal.journey(first)
    assert journey is not None
    assert journey.examination is not None
    assert (journey.examination.done, journey.examination.worst) == (False, None)


def test_what_was_found_is_an_entry_of_the_chain_once(world: World) -> None:
    """With every attachment, by the worst; a second finding changes nothing."""
    message = accepted(world, "TN-01")
    world.clock.turn(5)
    assert world.journal.record_examination(message, (GOOD, BAD)).result(20)
    assert not world.journal.record_examination(message, (GOOD,)).result(20)
    journey = world.journal.journey(message)
    assert journey is not None
    found = journey.examination
    assert found is not None
    assert (found.done, found.worst, found.at) == (True, Judgement.CHANGED, world.clock.now())
    assert found.attachments == (GOOD, BAD)
    (facts,) = entries(world, message)
    assert (facts["worst"], facts["policy"]) == ("changed", "warn")
    assert world.journal.take_examinations(10).result(20) == ()
    assert not world.journal.verify_chain()


def test_a_finding_of_no_known_message_is_not_kept(world: World) -> None:
    """Nothing is written of it."""
    assert not world.journal.record_examination("0" * 32, (GOOD,)).result(20)


def test_what_was_looked_at_before_does_not_wait(world: World) -> None:
    """It stands with the message from the same commit on."""
    message = accepted(world, "TN-01", AttachmentPolicy.REFUSE, examined=(GOOD,))
    journey = world.journal.journey(message)
    assert journey is not None
    assert journey.examination is not None
    assert (journey.examination.worst, journey.examination.attachments) == (Judgement.VALID, (GOOD,))
    assert len(entries(world, message)) == 1
    assert world.journal.examinations_waiting().many == 0


def test_an_unfit_message_is_refused_with_its_evidence(world: World) -> None:
    """Its problems, and what was found of its attachments, stand with the bytes as they came."""
    made = acceptance(item("TN-01", attachments=AttachmentPolicy.REFUSE, examined=(BAD,), unfit=(NO,)))
    (result,) = world.journal.accept(made).result(20)
    assert result.status is ItemStatus.UNFIT
    journey = world.journal.journey(made.raw.envelope.id)
    assert journey is not None
    assert (journey.verdict, [one["code"] for one in journey.problems]) == ("rejected", ["LT-ATT-009"])
    assert journey.examination is not None
    assert journey.examination.attachments == (BAD,)
    assert world.journal.dossier("mot_cua_cmon", "TN-01") is None
    assert len(entries(world, made.raw.envelope.id)) == 1


def test_a_duplicate_is_a_duplicate_also_where_it_would_be_unfit_now(world: World) -> None:
    """The first copy was taken: a list that ran out since changes nothing of that."""
    fit = item("TN-01", idempotency_key="k", content_sha256="c", attachments=AttachmentPolicy.REFUSE, examined=(GOOD,))
    (first,) = world.accept(fit)
    again = replace(item("TN-01", idempotency_key="k", content_sha256="c"), examined=(BAD,), unfit=(NO,))
    (second,) = world.accept(again)
    assert (second.status, second.message_id) == (ItemStatus.DUPLICATE, first.message_id)


def test_messages_are_found_by_their_worst_attachment(world: World) -> None:
    """Each line says it; what waits is found by no judgement."""
    good, bad, waits = (accepted(world, code) for code in ("TN-01", "TN-02", "TN-03"))
    world.journal.record_examination(good, (GOOD,)).result(20)
    world.journal.record_examination(bad, (GOOD, BAD)).result(20)
    (found,) = world.journal.find(Query(attachments=Judgement.CHANGED))
    assert found.envelope.id == bad
    assert found.examination is not None
    assert found.examination.worst is Judgement.CHANGED
    lines = {one.envelope.id: one.examination for one in world.journal.find(Query())}
    assert lines[waits] is not None
    assert world.journal.find(Query(attachments=Judgement.INVALID)) == ()
