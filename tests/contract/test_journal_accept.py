"""The accepting transaction, on both journals."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bus.delivery import Pattern, State
from bus.ports import JournalUnavailable
from bus.records import DossierRef, ItemStatus, Query, Rejection
from schemas.problem import Stage, problem
from tests.contract.journal_world import World, acceptance, item, message, numbered, to, world

__all__ = ["world"]


def keyed(code: str, key: str, content: str, **over: object):
    """An item with a duplicate key."""
    return item(code, idempotency_key=key, content_sha256=content, **over)


def test_taken_item_is_kept_with_its_raw_bytes(world: World) -> None:
    """Accepted means kept: the raw bytes, the canonical message and its dossier can be read back."""
    asked = acceptance(item("TN01"))
    result = world.journal.accept(asked).result()[0]
    kept = world.journal.body(result.message_id, "canonical")
    raw = world.journal.body(asked.raw.envelope.id, "raw")
    assert result.status is ItemStatus.ACCEPTED
    assert kept is not None
    assert kept.envelope.order_key == result.dossier == world.journal.dossier("mot_cua_cmon", "TN01")
    assert raw is not None
    assert raw.body == b"<bytes as they came/>"


def test_same_key_and_content_is_a_duplicate(world: World) -> None:
    """A duplicate is answered with the first copy's id, dossier and state, and writes nothing new."""
    first = world.accept(keyed("TN01", "k", "c"))[0]
    again = world.accept(keyed("TN01", "k", "c"))[0]
    assert (again.status, again.message_id, again.dossier) == (ItemStatus.DUPLICATE, first.message_id, first.dossier)
    assert again.first_state is State.READY
    assert again.feed == ()
    assert sum(world.journal.counts().values()) == 1


def test_duplicate_reports_the_least_advanced_delivery(world: World) -> None:
    """The first copy's least advanced delivery is what the caller is told."""
    kept = keyed("TN01", "k", "c", deliveries=(to("a"), to("b")))
    first = world.accept(kept)[0]
    world.deliver(f"{first.message_id}:a")
    assert world.accept(keyed("TN01", "k", "c"))[0].first_state is State.READY
    world.deliver(f"{first.message_id}:b")
    assert world.accept(keyed("TN01", "k", "c"))[0].first_state is State.DELIVERED


def test_same_key_with_other_content_is_a_conflict(world: World) -> None:
    """Same key, other content: refused, naming the first copy; the raw bytes are kept as evidence."""
    first = world.accept(keyed("TN01", "k", "c"))[0]
    asked = acceptance(keyed("TN01", "k", "other"))
    again = world.journal.accept(asked).result()[0]
    assert (again.status, again.message_id) == (ItemStatus.CONFLICT, first.message_id)
    journey = world.journal.journey(asked.raw.envelope.id)
    assert journey is not None
    assert journey.verdict == "rejected"
    assert [one["code"] for one in journey.problems] == ["LT-JRN-001"]


def test_update_with_other_content_is_taken(world: World) -> None:
    """An operation that is an update is taken under the same key, and its repeat is then the duplicate."""
    first = world.accept(keyed("TN01", "k", "c"))[0]
    update = world.accept(keyed("TN01", "k", "other", update=True))[0]
    again = world.accept(keyed("TN01", "k", "other", update=True))[0]
    assert update.status is ItemStatus.ACCEPTED
    assert update.message_id != first.message_id
    assert (again.status, again.message_id) == (ItemStatus.DUPLICATE, update.message_id)


def test_key_is_scoped_to_caller_and_operation(world: World) -> None:
    """The same key from another caller, or for another operation, is another key."""
    world.accept(keyed("TN01", "k", "c"))
    other = world.accept(keyed("TN02", "k", "x"), party="gplx_dlms")[0]
    step = message(operation="updateStatus")
    third = world.accept(keyed("TN01", "k", "y", message=step))[0]
    assert (other.status, third.status) == (ItemStatus.ACCEPTED, ItemStatus.ACCEPTED)


def test_twin_items_of_one_envelope(world: World) -> None:
    """The same item twice in one envelope is taken once."""
    first, second = world.accept(keyed("TN01", "k", "c"), keyed("TN01", "k", "c"))
    assert (first.status, second.status) == (ItemStatus.ACCEPTED, ItemStatus.DUPLICATE)
    assert second.message_id == first.message_id
    assert second.first_state is State.READY


def test_parts_share_the_fate_of_their_message(world: World) -> None:
    """A part without a key of its own is not taken again when its message is a duplicate."""

    def pair():
        part = item("TN01", message=message("tep_dinh_kem"), same_dossier_as=0)
        return keyed("TN01", "k", "c"), part

    first = world.accept(*pair())
    again = world.accept(*pair())
    assert [one.status for one in first] == [ItemStatus.ACCEPTED] * 2
    assert [one.status for one in again] == [ItemStatus.DUPLICATE] * 2
    assert first[0].dossier == first[1].dossier
    assert sum(world.journal.counts().values()) == 2


def test_unknown_dossier_is_refused(world: World) -> None:
    """A message about a dossier nobody knows is not taken unless it may open one; no key stays behind."""
    step = keyed("TN01", "k", "c", dossier=DossierRef((("mot_cua_cmon", "TN01"),), may_create=False))
    refused = world.accept(step)[0]
    world.accept(item("TN01"))
    later = world.accept(replace(step, message=message()))[0]
    assert refused.status is ItemStatus.UNKNOWN_DOSSIER
    assert later.status is ItemStatus.ACCEPTED


def test_all_or_nothing_takes_nothing(world: World) -> None:
    """One bad item refuses the whole envelope: no dossier, no key, no delivery is left behind."""
    bad = item("X", dossier=DossierRef((("mot_cua_cmon", "X"),), may_create=False))
    good, refused = world.accept(keyed("TN01", "k", "c", identities=(numbered("cong"),)), bad)
    assert (good.status, refused.status) == (ItemStatus.NOT_TAKEN, ItemStatus.UNKNOWN_DOSSIER)
    assert world.journal.dossier("mot_cua_cmon", "TN01") is None
    assert sum(world.journal.counts().values()) == 0
    again = world.accept(keyed("TN01", "k", "c", identities=(numbered("cong"),)))[0]
    assert again.status is ItemStatus.ACCEPTED
    assert world.journal.dossier("cong", "H99-0001") == again.dossier


def test_per_item_takes_the_good_ones(world: World) -> None:
    """Where the reply can say it, good items are taken beside bad ones."""
    bad = item("X", dossier=DossierRef((("mot_cua_cmon", "X"),), may_create=False))
    refused, good = world.accept(bad, item("TN01"), all_or_nothing=False)
    assert (refused.status, good.status) == (ItemStatus.UNKNOWN_DOSSIER, ItemStatus.ACCEPTED)
    assert sum(world.journal.counts().values()) == 1


def test_envelope_without_items_is_rejected(world: World) -> None:
    """Nothing taken: the raw message is evidence of that, in the same transaction."""
    asked = acceptance()
    assert world.journal.accept(asked).result() == ()
    journey = world.journal.journey(asked.raw.envelope.id)
    assert journey is not None
    assert journey.verdict == "rejected"


def test_first_known_name_decides(world: World) -> None:
    """Of several names the first one known decides, and the others become names of that dossier."""
    first = world.accept(item("TN01"))[0]
    names = (("cong", "P1"), ("mot_cua_cmon", "TN01"))
    second = world.accept(item("TN01", dossier=DossierRef(names, may_create=True)))[0]
    assert second.dossier == first.dossier == world.journal.dossier("cong", "P1")


def test_name_of_another_dossier_is_a_conflict(world: World) -> None:
    """A message cannot join two dossiers."""
    world.accept(item("TN01"))
    world.accept(item("TN02"))
    names = (("mot_cua_cmon", "TN01"), ("mot_cua_cmon", "TN02"))
    clash = world.accept(item("TN01", dossier=DossierRef(names, may_create=True)))[0]
    assert clash.status is ItemStatus.CONFLICT


def test_empty_names_are_no_names(world: World) -> None:
    """Two messages whose department left the code empty are two dossiers."""
    empty = DossierRef((("mot_cua_cmon", ""),), may_create=True)
    first, second = world.accept(item("", dossier=empty), item("", dossier=empty))
    assert first.dossier != second.dossier


def test_known_dossier_is_taken_as_given(world: World) -> None:
    """What is derived from a delivery says the dossier itself."""
    first = world.accept(item("TN01"))[0]
    born = world.accept(item("", dossier=DossierRef((), may_create=False, known=first.dossier)))[0]
    assert (born.status, born.dossier) == (ItemStatus.ACCEPTED, first.dossier)


def test_numbers_are_given_once_for_life(world: World) -> None:
    """A name of ours is given to a dossier once; the next dossier gets the next number."""
    for code in ("TN01", "TN01", "TN02"):
        world.accept(item(code, identities=(numbered("cong"), numbered("cmon.online", "", 0, 7))))
    names = [world.journal.dossier("mot_cua_cmon", code) for code in ("TN01", "TN02")]
    assert [world.journal.dossier("cong", code) for code in ("H99-0001", "H99-0002", "H99-0003")] == [*names, None]
    assert [world.journal.dossier("cmon.online", code) for code in ("7", "8", "9")] == [*names, None]


def test_numbers_somebody_has_are_passed_over(world: World) -> None:
    """A number that a partner used already is not given a second time."""
    taken = DossierRef((("cong", "H99-0001"),), may_create=True)
    world.accept(item("", dossier=taken))
    second = world.accept(item("TN01", identities=(numbered("cong"),)))[0]
    assert world.journal.dossier("cong", "H99-0002") == second.dossier


def test_feed_names_the_predecessor(world: World) -> None:
    """Each new push delivery is told to the queue with the open delivery before it in its lane."""
    first = world.accept(item("TN01"))[0].feed
    second = world.accept(item("TN01"))[0].feed
    assert [record.predecessor for record in first + second] == ["", first[0].delivery_id]
    assert first[0].lane == second[0].lane
    world.deliver(first[0].delivery_id)
    world.deliver(second[0].delivery_id)
    assert world.accept(item("TN01"))[0].feed[0].predecessor == ""


def test_pull_deliveries_are_never_fed(world: World) -> None:
    """What a partner fetches never enters the queue."""
    assert world.accept(item("TN01", to("don_vi", pattern=Pattern.PULL)))[0].feed == ()


def test_unordered_has_its_own_lane(world: World) -> None:
    """A question that changes nothing may overtake."""
    world.accept(item("TN01"))
    record = world.accept(item("TN01", to(unordered=True)))[0].feed[0]
    assert record.predecessor == ""


def test_delayed_delivery_waits(world: World) -> None:
    """A delivery planned for later waits until then, and the queue is told when."""
    at = world.clock.now() + timedelta(hours=1)
    result = world.accept(item("TN01", to(not_before=at)))[0]
    assert result.feed[0].not_before == at
    assert world.state(result.feed[0].delivery_id) is State.WAITING
    assert world.work(result.feed[0].delivery_id).delivery.next_at == at


def test_ordered_route_holds_the_second(world: World) -> None:
    """In an ordered route the second stop is held behind the first, and nothing behind it is fed."""
    ordered = item("TN01", to("a"), to("b", after_endpoint="a"))
    first = world.accept(ordered)[0]
    later = world.accept(item("TN01", to("b")))[0]
    assert [record.endpoint for record in first.feed] == ["a"]
    assert later.feed == ()
    held = world.work(f"{first.message_id}:b").delivery
    assert (held.state, held.held_behind) == (State.HELD, f"{first.message_id}:a")
    freed = world.deliver(f"{first.message_id}:a").feed
    assert [(record.delivery_id, record.predecessor) for record in freed] == [
        (f"{first.message_id}:b", ""),
        (f"{later.message_id}:b", f"{first.message_id}:b"),
    ]
    assert world.state(f"{first.message_id}:b") is State.READY


def test_after_an_endpoint_that_is_not_there(world: World) -> None:
    """A stop after an endpoint the message does not go to is not held."""
    assert world.state(world.delivery(to("b", after_endpoint="a"))) is State.READY


def test_rejected_message_is_evidence_without_a_key(world: World) -> None:
    """A refused message is found with its reasons, and the same message may come again."""
    raw = message("goc", b"<bad/>")
    world.journal.reject(Rejection(raw, (problem("LT-JRN-002", Stage.ACCEPT),), "mot_cua_cmon")).result()
    found = world.journal.find(Query(problem_code="LT-JRN-002"))
    assert [(one.envelope.id, one.verdict, one.delivery) for one in found] == [(raw.envelope.id, "rejected", None)]
    assert world.accept(keyed("TN01", "k", "c"))[0].status is ItemStatus.ACCEPTED


def test_ask_is_kept_with_its_answer(world: World) -> None:
    """A question answered without the queue is on record, with what was answered."""
    question = message("goc", b"<ask/>")
    done = world.journal.record_ask(question, b"<answer/>", answer_media_type="application/xml", party="cong")
    done.result()
    answer = world.journal.body(question.envelope.id, "answer")
    assert answer is not None
    assert answer.body == b"<answer/>"
    assert [one.verdict for one in world.journal.find(Query())] == ["asked"]


def test_closed_journal_refuses(world: World) -> None:
    """After the end nothing is accepted, and the caller is told to come again."""
    world.journal.close()
    with pytest.raises(JournalUnavailable):
        world.journal.accept(acceptance(item("TN01"))).result(5)
    with pytest.raises(JournalUnavailable):
        world.journal.ping()


def test_counts_are_the_accepted(world: World) -> None:
    """The sum of all states is what was accepted."""
    ids = [world.delivery(code=f"TN{number:02}") for number in range(4)]
    world.deliver(ids[0])
    world.grant(ids[1], "1.2")
    counts = world.journal.counts()
    assert {state: many for state, many in counts.items() if many} == {
        State.DELIVERED: 1,
        State.SENDING: 1,
        State.READY: 2,
    }
    assert set(counts) == set(State)
